/**
 * The World: everything the daemon knows, as plain readonly data. step() makes a new one from an old one.
 * Times: realtime in microseconds since 1970, monotonic in microseconds of CLOCK_MONOTONIC.
 */

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
  /** Its scope, its lifetime FIFO, the watch over its leader. */
  | "made"
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
  readonly stage: Stage;
}

export type RuntimeDirectory =
  | { readonly state: "none" }
  | { readonly state: "creating" }
  | { readonly state: "ready"; readonly kind: "tmpfs" | "directory" }
  | { readonly state: "failed"; readonly error: string }
  | { readonly state: "removing" };

export interface User {
  readonly uid: Uid;
  readonly gid: number;
  readonly name: string;
  /** Supplementary group ids at the first login: they choose the group limits. */
  readonly groups: readonly number[];
  readonly created: Instant;
  readonly runtime: RuntimeDirectory;
  readonly sessions: ReadonlySet<SessionId>;
  /** The record was lost: group, groups and perhaps the name are guesses until the next login. */
  readonly guessed: boolean;
}

export interface Seat {
  readonly id: string;
  readonly hasVts: boolean;
  /** The virtual terminal in the foreground; 0 when unknown or without VTs. */
  readonly activeVt: number;
  /** Sessions of the seat that are not closing, oldest first. */
  readonly sessions: readonly SessionId[];
}

/** Resource limits of a user's slice, in the spelling of the kernel's files; absent keys are not written. */
export interface Limits {
  readonly "memory.max"?: string;
  readonly "memory.high"?: string;
  readonly "pids.max"?: string;
  readonly "cpu.weight"?: string;
  readonly "io.weight"?: string;
}

/** What the configuration tells the core. */
export interface Policy {
  readonly killUserProcesses: boolean;
  readonly killOnlyUsers: readonly string[];
  readonly killExcludeUsers: readonly string[];
  /** Milliseconds between TERM and KILL when a session's processes are ended. */
  readonly stopTimeoutMs: number;
  readonly sessionsMax: number;
  readonly sessionsMaxPerUser: number;
  /** Parent of the runtime directories, such as "/run/user". */
  readonly runtimeDirectories: string;
  /** PAM services whose XDG_SEAT, XDG_VTNR and XDG_SESSION_CLASS are believed. */
  readonly trustedServices: readonly string[];
  readonly runtimeDirectoryBytes: number;
  readonly runtimeDirectoryInodes: number;
  readonly limits: {
    readonly default: Limits;
    /** In the order of the file; a later group wins. */
    readonly groups: readonly { readonly gid: number; readonly limits: Limits }[];
    readonly users: ReadonlyMap<string, Limits>;
  };
}

/** Whom an answer goes to: a pending request of one of the rooms. */
export interface Requester {
  readonly room: "pam" | "control";
  readonly call: number;
}

export interface World {
  readonly policy: Policy;
  /** The next session id to give; always below reservedIds. */
  readonly nextId: number;
  /** Ids below this number are on disk as used up: a restart begins here. */
  readonly reservedIds: number;
  readonly sessions: Table<SessionId, Session>;
  readonly users: Table<Uid, User>;
  /** Sessions that are not closing, by the pid of their leader. */
  readonly leaders: Table<number, SessionId>;
  readonly seat0: Seat;
}
