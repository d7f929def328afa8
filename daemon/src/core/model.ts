/**
 * The World: everything the daemon knows, as plain readonly data. step() makes a new one from an old one.
 * Times: realtime in microseconds since 1970, monotonic in microseconds of CLOCK_MONOTONIC.
 */

import type { Limits, Policy } from "./configuration.ts";
import type { SeatWorld, Taken } from "./seat-model.ts";
import type { Table } from "./table.ts";

export type SessionId = string;
/** A user id that names a person: 0..4294967294 without 65535. */
export type Uid = number;

export type SessionType = "unspecified" | "tty" | "x11" | "wayland" | "mir" | "web";

export type SessionClass =
  | "user"
  | "user-early"
  | "user-incomplete"
  | "user-light"
  | "user-early-light"
  | "greeter"
  | "lock-screen"
  | "background"
  | "background-light"
  | "manager"
  | "manager-early"
  | "none";

export interface Instant {
  readonly realtime: number;
  readonly monotonic: number;
}

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since boot. */
  readonly start: string;
  /** Inode of the process in pidfs; "" on kernels whose pidfds have none of their own (before 6.9). */
  readonly inode: string;
  /** "device:inode" of the running program; changes when the process executes another one. */
  readonly executable: string;
}

/** What an opening session waits for, in this order. */
export type Wait =
  /** The user's slice and runtime directory. */
  | "user"
  /** The first process of the user's service manager, which it waits for; it is made after that (birth.ts). */
  | "birth"
  /** Its scope, its lifetime FIFO, the watch over its leader. */
  | "made"
  /** The same for a session that goes on waiting for the manager then. */
  | "moved"
  /** The user's service manager; the session is made meanwhile. */
  | "manager"
  /** Its record on disk; nothing is granted before. */
  | "record";

export type ClosingReason =
  | "logout"
  | "leader-exited"
  | "lifetime-ended"
  | "terminated"
  | "deregistered"
  /** A crash came before its record was on disk, or the record was lost. */
  | "interrupted";

export type Stage =
  | {
      readonly phase: "opening";
      readonly waitsFor: Wait;
      readonly requester: Requester;
      /** Whether the requester wants the lifetime fd. */
      readonly lifetime: boolean;
      /** The closing session whose scope the leader is in until it enters this one's. */
      readonly leaves: SessionId | null;
    }
  | { readonly phase: "running" }
  | {
      readonly phase: "closing";
      readonly reason: ClosingReason;
      readonly since: number;
      /** none: processes are left alone; asked: TERM was sent, KILL follows when stop_timeout is over. */
      readonly stop: "none" | "asked" | "killed";
    };

/** Who controls a session: one connection to one bus, or one to the seatd socket. */
export interface Controller {
  /** The connection's unique name; over seatd the decimal number of the connection, which the keeper knows it by. */
  readonly name: string;
  /** GUID of the bus: the same name on another bus is somebody else. SEATD for a connection to the seatd socket. */
  readonly bus: string;
  readonly uid: Uid;
  readonly pid: number;
}

/** Stands for a bus where the controller came over the seatd socket. */
export const SEATD = "seatd";

export interface Control extends Controller {
  /** What the type goes back to when the control is lost. */
  readonly originalType: SessionType;
  /**
   * Over seatd, what the client was told and has acknowledged: disabling until it acknowledges. login1 has no such
   * word: there it is always enabled.
   */
  readonly seat: "enabled" | "disabling" | "disabled";
  /** The keeper holds the session's VT for it. */
  readonly vt: boolean;
}

export interface Session {
  readonly id: SessionId;
  readonly uid: Uid;
  readonly user: string;
  readonly type: SessionType;
  readonly class: SessionClass;
  readonly desktop: string;
  readonly service: string;
  readonly seat: string | null;
  /** 0 where the session has no virtual terminal. */
  readonly vtnr: number;
  readonly tty: string;
  readonly display: string;
  readonly remote: boolean;
  readonly remoteHost: string;
  readonly remoteUser: string;
  readonly leader: ProcessIdentity;
  readonly created: Instant;
  /** The PAM request's nonce; "" for a registered session. A retry with it gets the same session. */
  readonly nonce: string;
  /** Whether the session's group exists; false on systems without cgroup v2. */
  readonly scope: boolean;
  /** Whether somebody was given the write end of the lifetime FIFO. */
  readonly lifetime: boolean;
  /** What the session says of its screen. */
  readonly lockedHint: boolean;
  /** What the session says of its user; idle.ts says when that counts. */
  readonly idleHint: boolean;
  /** When that changed last; null: never. */
  readonly idleSince: Instant | null;
  readonly control: Control | null;
  /** Place among the sessions of a seat without VTs, from 1; 0 elsewhere, where the VT is the place. */
  readonly position: number;
  readonly devices: readonly Taken[];
  /** Of its scope, beside those of its user's slice. */
  readonly limits: Limits;
  /** Microseconds from its creation until it is terminated; null: as long as it lasts. */
  readonly runtimeMax: number | null;
  readonly stage: Stage;
}

/** What can be inhibited, in the order in which it is always told. */
export const INHIBIT_WHATS = [
  "shutdown",
  "sleep",
  "idle",
  "handle-power-key",
  "handle-suspend-key",
  "handle-hibernate-key",
  "handle-lid-switch",
  "handle-reboot-key",
] as const;

export type InhibitWhat = (typeof INHIBIT_WHATS)[number];

/** block-weak: not for what the user of the inhibitor asks for; delay: for a moment. */
export type InhibitMode = "block" | "block-weak" | "delay";

/** Somebody holds the write end of a FIFO, and while they do something does not happen, or not yet. */
export interface Inhibitor {
  readonly id: number;
  /** In the order of INHIBIT_WHATS. */
  readonly what: readonly InhibitWhat[];
  readonly who: string;
  readonly why: string;
  readonly mode: InhibitMode;
  readonly uid: Uid;
  readonly pid: number;
  readonly created: Instant;
}

export type RuntimeDirectory =
  | { readonly state: "none" }
  | { readonly state: "creating" }
  | { readonly state: "ready"; readonly kind: "tmpfs" | "directory" }
  | { readonly state: "failed"; readonly error: string }
  | { readonly state: "removing" };

/** Why a service manager is being stopped, or its remains are being cleared away. */
export type StopCause =
  /** No session is left and the user does not linger. */
  | "unneeded"
  /** Somebody asked for the end of the user. */
  | "asked"
  /** It was not up when start_timeout was over. */
  | "slow"
  /** It ended by itself. */
  | "died";

/**
 * A user's service manager. starting: its backend runs and the readiness channel is silent; ready: it takes commands,
 * and the backend waits for the initial services; running: those are up.
 */
export type Manager =
  | { readonly state: "none" }
  | {
      readonly state: "starting" | "ready" | "running";
      /** Absolute path of the backend. */
      readonly backend: string;
      /** 0 while it is not known. */
      readonly pid: number;
      /** When it came into this state, realtime. */
      readonly since: number;
      /** What of it did not work; "" if all did. */
      readonly message: string;
    }
  | {
      readonly state: "stopping";
      readonly backend: string;
      readonly pid: number;
      readonly since: number;
      readonly cause: StopCause;
      /** asked: the backend's stop script runs; term: TERM was sent; killed: all its processes were killed. */
      readonly step: "asked" | "term" | "killed";
      readonly message: string;
    }
  | { readonly state: "failed"; readonly backend: string; readonly since: number; readonly message: string };

/** What sessionman-run says of the manager it started. */
export type ManagerNews =
  | {
      readonly state: "starting" | "ready" | "running";
      readonly pid: number;
      /** running: what the backend's ready script ended with, such as "exit code 1"; "" for success. */
      readonly message: string;
    }
  /** sessionman-run is gone, and the manager with it. */
  | { readonly state: "ended"; readonly message: string };

/** A variable that was imported into a user's services. */
export interface Imported {
  readonly value: string;
  /** The session it came from, with whose end it goes; null: from outside of any session, it stays. */
  readonly session: SessionId | null;
}

export interface User {
  readonly uid: Uid;
  readonly gid: number;
  readonly name: string;
  /** Supplementary group ids at the first login: they choose the group limits. */
  readonly groups: readonly number[];
  readonly created: Instant;
  readonly runtime: RuntimeDirectory;
  readonly sessions: ReadonlySet<SessionId>;
  readonly manager: Manager;
  /** When managers of this user ended by themselves, monotonic; only those of the last minute count. */
  readonly deaths: readonly number[];
  /** Since the manager last ran, a login has waited for it in vain: the next ones do not wait. */
  readonly impatient: boolean;
  /** What was imported into the user's services, for the next manager to know. */
  readonly imported: ReadonlyMap<string, Imported>;
  /** The session whose graphical environment the services have; null without one. */
  readonly graphical: SessionId | null;
  /** The record was lost: group, groups and perhaps the name are guesses until the next login. */
  readonly guessed: boolean;
}

/** Whom an answer goes to: a pending request of one of the rooms. */
export interface Requester {
  readonly room: "pam" | "control" | "login1" | "seatd";
  readonly call: number;
}

export interface World extends SeatWorld {
  readonly policy: Policy;
  /** The next session id to give; always below reservedIds. */
  readonly nextId: number;
  /** Ids below this number are on disk as used up: a restart begins here. */
  readonly reservedIds: number;
  /** When the daemon started. */
  readonly started: Instant;
  readonly sessions: Table<SessionId, Session>;
  readonly users: Table<Uid, User>;
  /** Sessions that are not closing, by the pid of their leader. */
  readonly leaders: Table<number, SessionId>;
  /** Users for whom lingering was turned on: name by uid, as in the files of lingering users. */
  readonly lingering: Table<Uid, string>;
  /** Lingering users whose turn has not come, oldest first: those not known yet, and those who wait to start. */
  readonly queue: readonly Uid[];
  /** The pause after which the unknown ones of the queue are looked up again; 0: no look-up is due. */
  readonly lookUpMs: number;
  readonly inhibitors: Table<number, Inhibitor>;
  readonly nextInhibitor: number;
  /** Who waits until the services are up of a session that was given its full class. */
  readonly upgrades: ReadonlyMap<SessionId, Requester>;
}
