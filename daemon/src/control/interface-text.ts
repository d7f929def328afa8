/**
 * The interface description that clients are given: conf/org.sessionman.Login.varlink, in the bundle so that the
 * daemon reads no file for it. A test keeps the two equal.
 */

export const interfaceText = `# Sessions, users and seats of this system, as sessionmand knows them.
interface org.sessionman.Login

# A session. Times: realtime in microseconds since 1970, monotonic in microseconds since boot. controller: the process
# that has taken control of it.
type Session (
  id: string,
  uid: int,
  user: string,
  state: (opening, online, active, closing),
  type: string,
  class: string,
  desktop: string,
  service: string,
  seat: ?string,
  vtnr: int,
  tty: string,
  display: string,
  remote: bool,
  remoteHost: string,
  remoteUser: string,
  leader: int,
  scope: ?string,
  createdRealtime: int,
  createdMonotonic: int,
  closingReason: ?string,
  controller: ?int
)

# A user's service manager. starting: its backend runs; ready: it takes commands, and the initial services are being
# started; running: they are up. since: when it came into this state, realtime. pid is 0 while there is no process.
# message: what did not work, "" if all did. group: its control group, null without cgroup v2.
type Manager (
  state: (starting, ready, running, stopping, failed),
  backend: string,
  pid: int,
  since: int,
  message: string,
  group: ?string
)

# A user with a session, or who lingers: then what belongs to the user stays without one. runtimeDirectory is null
# where none could be made, manager where the user has none.
type User (
  uid: int,
  gid: int,
  name: string,
  state: (opening, online, active, lingering, closing),
  sessions: []string,
  runtimeDirectory: ?string,
  slice: ?string,
  createdRealtime: int,
  linger: bool,
  manager: ?Manager
)

# A user for whom lingering was turned on. waiting: until it is this user's turn to start, or until the user database
# knows the user; absent: the configuration says no, or the uid is another user's now.
type Lingerer (
  uid: int,
  name: string,
  state: (waiting, absent, opening, online, active, lingering, closing),
  manager: ?Manager
)

# A process in the control group of the session or user. cgroup is the group below that one, "" for itself;
# a session of the user that is not below it (cgroup.layout elogind) has its group with a / before it.
# Only root and the user see processes; others get none.
type Process (
  pid: int,
  parent: int,
  command: string,
  cgroup: string
)

# Why a session still exists: what has to happen before it is gone, and which process holds it.
type Holder (
  pid: int,
  command: string,
  holds: []string
)

# A seat: where somebody sits. graphical: a device of it can show something. terminals: it has virtual terminals, of
# which activeVt is the one on the screen, 0 while that is not known. activeSession: the session in the foreground; null
# for none, also for the moment of a switch until the devices of the session before are out of reach.
type Seat (
  id: string,
  graphical: bool,
  terminals: bool,
  activeVt: int,
  activeSession: ?string,
  sessions: []string
)

# A device of a seat. path: below /sys; "static:" and the node for one that is only known by its node. parent: the
# device of a seat above it. number: "MAJOR:MINOR". master: its presence makes the seat exist. uaccess: the user of the
# session in the foreground gets an entry in its access list. assignable: it can be attached to another seat. access is
# null without a node.
type Device (
  path: string,
  parent: ?string,
  subsystem: string,
  name: string,
  node: ?string,
  number: ?string,
  seat: string,
  master: bool,
  uaccess: bool,
  assignable: bool,
  access: ?Access,
  taken: []Taken
)

# Who may open a node, as it says itself. mode: nine bits; the middle three are the most that users, groups and gid may
# have where there are any users or groups. permissions: what they have in effect; 4 is reading, 2 is writing.
type Access (uid: int, gid: int, mode: int, users: []Grant, groups: []Grant)
type Grant (id: int, permissions: int)

# What a session's controller has from us: the device itself or one below it. controller: its process. Only an active one
# can be used.
type Taken (session: string, controller: int, node: string, state: (opening, active, pausing, paused, resuming))

method ListSessions() -> (sessions: []Session)
method GetSession(id: string) -> (session: Session, processes: []Process)
method ListUsers() -> (users: []User)
method GetUser(uid: int) -> (user: User, processes: []Process)

# The session that the process belongs to; pid null or 0 is the caller.
method GetSessionByProcess(pid: ?int) -> (session: Session)

# Why the session is in its state, what it waits for, and which processes hold it.
method Explain(id: string) -> (state: string, because: string, waitingFor: []string, holders: []Holder)

# Ends the session: TERM, HUP and CONT to its processes, KILL after stop_timeout.
method TerminateSession(id: string) -> ()
method TerminateUser(uid: int) -> ()

# Turns lingering on or off; uid null is the caller. Root may for everybody, others for themselves: on only where the
# configuration allows it (self_linger).
method SetLinger(uid: ?int, enabled: bool) -> ()
method ListLinger() -> (users: []Lingerer)

# The last of what the user's service manager and its backend wrote, for root and the user.
method GetUserLog(uid: ?int) -> (text: string)

# Changes the environment of the user's services, those that are started from now on; uid null is the caller. For root
# and the user. What comes from a process of a session goes when that session ends. A name is letters, digits and
# underscores; a value has at most 4096 bytes and neither NUL nor newline.
method ImportEnvironment(uid: ?int, set: [string]string, unset: []string) -> ()

# Sends a signal to the leader or to all processes of the session.
method KillSession(id: string, whom: (leader, all), signal: int) -> ()

method ListSeats() -> (seats: []Seat)
method GetSeat(id: string) -> (seat: Seat, devices: []Device)

# Brings the session, or what is at that place of the seat, to the foreground: a virtual terminal, or on a seat without
# them the position of a session. For root, whoever has the session in the foreground, and processes of sessions on the
# seat. The answer does not wait for the switch.
method ActivateSession(id: string) -> ()
method SwitchTo(seat: string, place: int) -> ()
method SwitchToNext(seat: string) -> ()
method SwitchToPrevious(seat: string) -> ()

# Asks the programs of the session to lock or unlock its screen.
method LockSession(id: string) -> ()
method UnlockSession(id: string) -> ()

# Puts the device, or the nearest one above it that can be attached, on the seat, now and from every boot on. path: below
# /sys, without links; the answer names the device that was attached. A seat begins to exist with its first device that
# can show something. FlushDevices forgets all that was attached. Both are for root.
method AttachDevice(seat: string, path: string) -> (path: string)
method FlushDevices() -> ()

# Whether a user may open the node below /dev for reading and writing, why, and what is needed for it; uid null is the
# caller. For root and the user. device is null if the node belongs to no seat.
method ExplainDevice(node: string, uid: ?int) -> (
  uid: int,
  mayOpen: bool,
  because: []string,
  needed: []string,
  access: Access,
  device: ?Device
)

# Opens a session without PAM. leader is the process whose life is the session's: null is the caller's
# parent process. Only root may name another user, or a leader other than itself and its parent. tty null is
# the leader's controlling terminal; only root may name another one. With holder true the caller itself is
# the leader and receives the lifetime fd beside the reply.
method Register(
  uid: ?int,
  leader: ?int,
  holder: bool,
  type: ?string,
  class: ?string,
  desktop: ?string,
  service: ?string,
  tty: ?string,
  remoteHost: ?string,
  remoteUser: ?string
) -> (session: Session, environment: [string]string)

# Ends the session without killing its processes. id null is the caller's session.
method Deregister(id: ?string) -> (id: string)

# First reply: all sessions, users and seats, event "snapshot". Called with "more", one reply per change follows.
method Monitor() -> (
  event: (snapshot, session_new, session_changed, session_removed, user_new, user_changed, user_removed, seat_new, seat_changed, seat_removed),
  sessions: []Session,
  users: []User,
  seats: []Seat
)

method GetStatus() -> (version: string, pid: int, sessions: int, users: int, cgroup: ?string, degraded: []string)

error NoSuchSession (id: string)
error NoSuchUser (uid: int)
error NoSuchSeat (seat: string)
error NoSuchDevice (device: string)
error NotInSession (pid: int)
error AlreadyInSession (id: string)
error LimitsExceeded (message: string)
error Failed (message: string)
`;
