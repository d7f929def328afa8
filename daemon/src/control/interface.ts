/**
 * The interface org.sessionman.Login as tables: the server checks what it is sent with them, sessionctl what it is
 * answered, and the compiler both. A test compares them with conf/org.sessionman.Login.varlink.
 */

import type { Fields, FieldTypes } from "../varlink/types.ts";

export const INTERFACE = "org.sessionman.Login";

const STATE = "(opening, online, active, closing)";
const USER_STATE = "(opening, online, active, lingering, closing)";

export const records = {
  Session: {
    id: "string",
    uid: "int",
    user: "string",
    state: STATE,
    type: "string",
    class: "string",
    desktop: "string",
    service: "string",
    seat: "?string",
    vtnr: "int",
    tty: "string",
    display: "string",
    remote: "bool",
    remoteHost: "string",
    remoteUser: "string",
    leader: "int",
    scope: "?string",
    createdRealtime: "int",
    createdMonotonic: "int",
    closingReason: "?string",
    controller: "?int",
  },
  Manager: {
    state: "(starting, ready, running, stopping, failed)",
    backend: "string",
    pid: "int",
    since: "int",
    message: "string",
    group: "?string",
  },
  User: {
    uid: "int",
    gid: "int",
    name: "string",
    state: USER_STATE,
    sessions: "[]string",
    runtimeDirectory: "?string",
    slice: "?string",
    createdRealtime: "int",
    linger: "bool",
    manager: "?Manager",
  },
  Lingerer: {
    uid: "int",
    name: "string",
    state: "(waiting, absent, opening, online, active, lingering, closing)",
    manager: "?Manager",
  },
  Process: { pid: "int", parent: "int", command: "string", cgroup: "string" },
  Holder: { pid: "int", command: "string", holds: "[]string" },
  Seat: {
    id: "string",
    graphical: "bool",
    terminals: "bool",
    activeVt: "int",
    activeSession: "?string",
    sessions: "[]string",
  },
  Device: {
    path: "string",
    parent: "?string",
    subsystem: "string",
    name: "string",
    node: "?string",
    number: "?string",
    seat: "string",
    master: "bool",
    uaccess: "bool",
    assignable: "bool",
    access: "?Access",
    taken: "[]Taken",
  },
  Access: { uid: "int", gid: "int", mode: "int", users: "[]Grant", groups: "[]Grant" },
  Grant: { id: "int", permissions: "int" },
  Taken: {
    session: "string",
    controller: "int",
    node: "string",
    state: "(opening, active, pausing, paused, resuming)",
  },
} as const satisfies { readonly [record: string]: FieldTypes };

export const methods = {
  ListSessions: { takes: {}, gives: { sessions: "[]Session" } },
  GetSession: { takes: { id: "string" }, gives: { session: "Session", processes: "[]Process" } },
  ListUsers: { takes: {}, gives: { users: "[]User" } },
  GetUser: { takes: { uid: "int" }, gives: { user: "User", processes: "[]Process" } },
  GetSessionByProcess: { takes: { pid: "?int" }, gives: { session: "Session" } },
  Explain: {
    takes: { id: "string" },
    gives: { state: "string", because: "string", waitingFor: "[]string", holders: "[]Holder" },
  },
  TerminateSession: { takes: { id: "string" }, gives: {} },
  TerminateUser: { takes: { uid: "int" }, gives: {} },
  SetLinger: { takes: { uid: "?int", enabled: "bool" }, gives: {} },
  ListLinger: { takes: {}, gives: { users: "[]Lingerer" } },
  GetUserLog: { takes: { uid: "?int" }, gives: { text: "string" } },
  ImportEnvironment: { takes: { uid: "?int", set: "[string]string", unset: "[]string" }, gives: {} },
  KillSession: { takes: { id: "string", whom: "(leader, all)", signal: "int" }, gives: {} },
  ListSeats: { takes: {}, gives: { seats: "[]Seat" } },
  GetSeat: { takes: { id: "string" }, gives: { seat: "Seat", devices: "[]Device" } },
  ActivateSession: { takes: { id: "string" }, gives: {} },
  SwitchTo: { takes: { seat: "string", place: "int" }, gives: {} },
  SwitchToNext: { takes: { seat: "string" }, gives: {} },
  SwitchToPrevious: { takes: { seat: "string" }, gives: {} },
  LockSession: { takes: { id: "string" }, gives: {} },
  UnlockSession: { takes: { id: "string" }, gives: {} },
  AttachDevice: { takes: { seat: "string", path: "string" }, gives: { path: "string" } },
  FlushDevices: { takes: {}, gives: {} },
  ExplainDevice: {
    takes: { node: "string", uid: "?int" },
    gives: {
      uid: "int",
      mayOpen: "bool",
      because: "[]string",
      needed: "[]string",
      access: "Access",
      device: "?Device",
    },
  },
  Register: {
    takes: {
      uid: "?int",
      leader: "?int",
      holder: "bool",
      type: "?string",
      class: "?string",
      desktop: "?string",
      service: "?string",
      tty: "?string",
      remoteHost: "?string",
      remoteUser: "?string",
    },
    gives: { session: "Session", environment: "[string]string" },
  },
  Deregister: { takes: { id: "?string" }, gives: { id: "string" } },
  Monitor: {
    takes: {},
    gives: {
      event:
        "(snapshot, session_new, session_changed, session_removed, user_new, user_changed, user_removed, seat_new, seat_changed, seat_removed)",
      sessions: "[]Session",
      users: "[]User",
      seats: "[]Seat",
    },
  },
  GetStatus: {
    takes: {},
    gives: {
      version: "string",
      pid: "int",
      sessions: "int",
      users: "int",
      cgroup: "?string",
      degraded: "[]string",
    },
  },
} as const satisfies {
  readonly [method: string]: { readonly takes: FieldTypes; readonly gives: FieldTypes };
};

export const errors = {
  NoSuchSession: { id: "string" },
  NoSuchUser: { uid: "int" },
  NoSuchSeat: { seat: "string" },
  NoSuchDevice: { device: "string" },
  NotInSession: { pid: "int" },
  AlreadyInSession: { id: "string" },
  LimitsExceeded: { message: "string" },
  Failed: { message: "string" },
} as const satisfies { readonly [error: string]: FieldTypes };

type Records = typeof records;

export type Method = keyof typeof methods;
export type Parameters<Name extends Method> = Fields<(typeof methods)[Name]["takes"], Records>;
export type Reply<Name extends Method> = Fields<(typeof methods)[Name]["gives"], Records>;
export type ErrorName = keyof typeof errors;
export type SessionRecord = Fields<Records["Session"], Records>;
export type ManagerRecord = Fields<Records["Manager"], Records>;
export type LingererRecord = Fields<Records["Lingerer"], Records>;
export type UserRecord = Fields<Records["User"], Records>;
export type ProcessRecord = Fields<Records["Process"], Records>;
export type HolderRecord = Fields<Records["Holder"], Records>;
export type SeatRecord = Fields<Records["Seat"], Records>;
export type DeviceRecord = Fields<Records["Device"], Records>;
export type AccessRecord = Fields<Records["Access"], Records>;
export type GrantRecord = Fields<Records["Grant"], Records>;
export type TakenRecord = Fields<Records["Taken"], Records>;
