/**
 * The interface description that clients are given: conf/org.sessionman.Login.varlink, in the bundle so that the
 * daemon reads no file for it. A test keeps the two equal.
 */

export const interfaceText = `# Sessions, users and seats of this system, as sessionmand knows them.
interface org.sessionman.Login

# A session. Times: realtime in microseconds since 1970, monotonic in microseconds since boot.
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
  closingReason: ?string
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

# First reply: all sessions and users, event "snapshot". Called with "more", one reply per change follows.
method Monitor() -> (
  event: (snapshot, session_new, session_changed, session_removed, user_new, user_changed, user_removed),
  sessions: []Session,
  users: []User
)

method GetStatus() -> (version: string, pid: int, sessions: int, users: int, cgroup: ?string, degraded: []string)

error NoSuchSession (id: string)
error NoSuchUser (uid: int)
error NotInSession (pid: int)
error AlreadyInSession (id: string)
error LimitsExceeded (message: string)
error Failed (message: string)
`;

/** What every Varlink service offers, by the Varlink specification. */
export const serviceText = `# Questions about the service itself.
interface org.varlink.service

method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)
method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
`;
