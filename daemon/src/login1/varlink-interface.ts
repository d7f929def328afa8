/**
 * io.systemd.Login as tables and as the text that clients are given: what pam_systemd asks for since systemd 258. Its
 * lists and descriptions of later versions are not served.
 */

import type { Fields, Named } from "../varlink/types.ts";

export const INTERFACE = "io.systemd.Login";

export const types = {
  ProcessId: { pid: "int", pidfdId: "?int", bootId: "?string" },
  SessionType: "(unspecified, tty, x11, wayland, mir, web)",
  SessionClass:
    "(user, user_early, user_incomplete, user_light, user_early_light, greeter, lock_screen, background, background_light, manager, manager_early)",
} as const satisfies Named;

export const methods = {
  CreateSession: {
    takes: {
      UID: "int",
      PID: "?ProcessId",
      Service: "?string",
      Type: "SessionType",
      Class: "SessionClass",
      Desktop: "?string",
      Seat: "?string",
      VTNr: "?int",
      TTY: "?string",
      Display: "?string",
      Remote: "?bool",
      RemoteUser: "?string",
      RemoteHost: "?string",
      ExtraDeviceAccess: "?[]string",
    },
    gives: {
      Id: "string",
      RuntimePath: "string",
      UID: "int",
      Seat: "?string",
      VTNr: "?int",
      Type: "SessionType",
      Class: "SessionClass",
    },
  },
  ReleaseSession: { takes: { Id: "?string" }, gives: {} },
} as const;

export type Method = keyof typeof methods;
export type Parameters<Name extends Method> = Fields<(typeof methods)[Name]["takes"], typeof types>;
export type Reply<Name extends Method> = Fields<(typeof methods)[Name]["gives"], typeof types>;

export type ErrorName =
  | "NoSuchSession"
  | "NoSuchSeat"
  | "AlreadySessionMember"
  | "VirtualTerminalAlreadyTaken"
  | "TooManySessions"
  | "UnitAllocationFailed"
  | "NoSessionPIDFD";

export const text = `# Opens and ends sessions, for PAM modules.
interface io.systemd.Login

# A process. pidfdId: inode number of its pidfd. A process that is not exactly this one is refused.
type ProcessId (pid: int, pidfdId: ?int, bootId: ?string)

type SessionType (unspecified, tty, x11, wayland, mir, web)

type SessionClass (
  user,
  user_early,
  user_incomplete,
  user_light,
  user_early_light,
  greeter,
  lock_screen,
  background,
  background_light,
  manager,
  manager_early
)

# Opens a session, for root. It lives as long as the process PID, null is the caller. Remote null: as RemoteUser and
# RemoteHost tell. ExtraDeviceAccess is passed over. The answer comes when the session can be used.
method CreateSession(
  UID: int,
  PID: ?ProcessId,
  Service: ?string,
  Type: SessionType,
  Class: SessionClass,
  Desktop: ?string,
  Seat: ?string,
  VTNr: ?int,
  TTY: ?string,
  Display: ?string,
  Remote: ?bool,
  RemoteUser: ?string,
  RemoteHost: ?string,
  ExtraDeviceAccess: ?[]string
) -> (
  Id: string,
  RuntimePath: string,
  UID: int,
  Seat: ?string,
  VTNr: ?int,
  Type: SessionType,
  Class: SessionClass
)

# The session is over, for a caller inside it. Id null or "self": the session that the caller is in.
method ReleaseSession(Id: ?string) -> ()

error NoSuchSession()
error NoSuchSeat()

# The process is in a session, or logins of its kind have none.
error AlreadySessionMember()

# Another session is on the virtual terminal.
error VirtualTerminalAlreadyTaken()

error TooManySessions()

# What the session needs could not be made.
error UnitAllocationFailed()

# For a leader that is no process which can be watched.
error NoSessionPIDFD()
`;
