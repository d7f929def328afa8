/** What the loop asks of the outer rooms. Members throw on failure; run.ts turns that into an event. */

import type { Limits } from "../core/configuration.ts";
import type { CallResult, InhibitResult, OpenResult } from "../core/effects.ts";
import type { Account } from "../core/events.ts";
import type {
  Inhibitor,
  Instant,
  ManagerNews,
  ProcessIdentity,
  Session,
  SessionId,
  Uid,
  User,
  World,
} from "../core/model.ts";
import type { ControllerPort, SeatdPort, SeatStorePort, SeatSystemPort } from "./seat-ports.ts";

export interface StorePort extends SeatStorePort {
  /** Puts on disk that ids below this number are used up. */
  reserveIds(below: number): void;
  saveSession(session: Session): void;
  eraseSession(id: SessionId): void;
  saveInhibitor(inhibitor: Inhibitor): void;
  eraseInhibitor(id: number): void;
  saveUser(user: User): void;
  eraseUser(uid: Uid): void;
  /**
   * The file that lets a user linger, across boots. done is called once, when that is on the disk, with null, or with
   * what went wrong. Nobody waits for the disk meanwhile; what was ordered later is done later.
   */
  saveLinger(uid: Uid, name: string, done: (error: string | null) => void): void;
  eraseLinger(uid: Uid, done: (error: string | null) => void): void;
}

/** What a service manager is started with. */
export interface ManagerOrder {
  readonly uid: Uid;
  readonly gid: number;
  readonly user: string;
  /** Absolute path of the backend. */
  readonly backend: string;
}

/** Linux, in our words. Every member is quick: it never waits for another process. */
export interface SystemPort extends SeatSystemPort {
  /**
   * Makes /run/user/UID: a tmpfs of that size, or a plain directory where mounting is not permitted. One that is
   * there already and is right (owner, mode, mount options) is kept.
   */
  createRuntimeDirectory(uid: Uid, gid: number, bytes: number, inodes: number): "tmpfs" | "directory";
  /** Detaches or empties it; done is called once, with null or what went wrong. Never before this returns. */
  removeRuntimeDirectory(
    uid: Uid,
    gid: number,
    directory: "tmpfs" | "directory",
    done: (error: string | null) => void,
  ): void;
  /** Makes user-UID.slice, turns on controllers and writes the limits; those the system lacks are said once. */
  createSlice(uid: Uid, limits: Limits): void;
  /** Writes the limits; a limit that is absent goes back to the kernel's default. */
  limitSlice(uid: Uid, limits: Limits): void;
  /** Removes the slice if nothing is left in it. */
  removeSlice(uid: Uid): void;
  /** Makes session-ID.scope, writes its limits and moves the leader, all its threads, into it. */
  enterScope(id: SessionId, uid: Uid, leader: ProcessIdentity, limits: Limits): void;
  /** emptied is called once, when no process is left in the scope or below it; never before this returns. */
  watchScope(id: SessionId, uid: Uid, emptied: () => void): void;
  signalScope(id: SessionId, uid: Uid, signal: number, except: number): void;
  killScope(id: SessionId, uid: Uid): void;
  /** Removes the scope and the groups below it. Throws EBUSY when a process came back. */
  removeScope(id: SessionId, uid: Uid): void;
  /** Makes the lifetime FIFO and opens both ends; ended is called once, when the last write end is gone. */
  createLifetime(id: SessionId, ended: () => void): void;
  /** The same for a FIFO that an earlier daemon made. Our own write end is not kept. */
  resumeLifetime(id: SessionId, ended: () => void): void;
  /** Closes and removes the FIFO. No-op if there is none. */
  dropLifetime(id: SessionId): void;
  /** Makes the FIFO of an inhibitor and opens its read end. */
  createInhibitor(id: number): void;
  /** ended is called once, when there is no write end, never before this returns. Ours is not kept. */
  watchInhibitor(id: number, ended: () => void): void;
  /** Closes and removes the FIFO. No-op if there is none. */
  dropInhibitor(id: number): void;
  /** exited is called once, never before this returns. */
  watchLeader(id: SessionId, leader: ProcessIdentity, exited: () => void): void;
  unwatchLeader(id: SessionId): void;
  signalProcess(process: ProcessIdentity, signal: number): void;
  /** "device:inode" of what the process runs now; "" if it is gone. */
  executableOf(process: ProcessIdentity): string;
  /**
   * Makes the control groups of the user's manager and has sessionman-run started in them. told is called with each
   * news and ends with "ended"; never before this returns.
   */
  startManager(order: ManagerOrder, told: (news: ManagerNews) => void): void;
  /** The same for a manager that an earlier daemon started: its present state is told first. */
  adoptManager(uid: Uid, told: (news: ManagerNews) => void): void;
  orderManager(uid: Uid, order: "stop" | "term"): void;
  /** Signals every process of the manager, where there are control groups. */
  signalManager(uid: Uid, signal: number): void;
  tellEnvironment(uid: Uid, set: ReadonlyMap<string, string>, unset: readonly string[]): void;
  tellGraphical(uid: Uid, phase: "start" | "stop"): void;
  /** Kills every process of the manager. */
  killManager(uid: Uid): void;
  /** Kills what is left of it, then removes its groups and its socket; cleaned is called once, never before this returns. */
  cleanManager(uid: Uid, cleaned: () => void): void;
  /** Removes the log of its output. */
  eraseManager(uid: Uid): void;
  /** Looks in the user database, without blocking; null if there is no such user. */
  lookUpUser(uid: Uid, found: (user: Account | null) => void): void;
  /** A socket of that name, owned by the user, lies directly in the user's runtime directory. Never blocks. */
  hasRuntimeSocket(uid: Uid, name: string): boolean;
}

export interface ReplyPort {
  openReply(call: number, result: OpenResult): void;
  callReply(call: number, result: CallResult): void;
}

/** What only login1 has. */
export interface Login1Port extends ControllerPort {
  /** Whoever gets the lock has a write end of its FIFO by the time this returns. */
  inhibitReply(call: number, result: InhibitResult): void;
  /** Asks the programs of a session to lock or unlock its screen. */
  lock(id: SessionId, lock: boolean): void;
}

export interface ClockPort {
  now(): Instant;
  setTimer(timer: string, afterMs: number, fired: () => void): void;
  cancelTimer(timer: string): void;
  /** After what has happened already was handled. */
  soon(action: () => void): void;
}

export interface LogPort {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

export interface Ports {
  readonly store: StorePort;
  readonly system: SystemPort;
  readonly clock: ClockPort;
  readonly log: LogPort;
  readonly replies: {
    readonly pam: ReplyPort;
    readonly control: ReplyPort;
    readonly login1: ReplyPort;
    readonly seatd: ReplyPort;
  };
  readonly login1: Login1Port;
  readonly seatd: SeatdPort;
  /** Brings what others read by themselves from one World to the next. */
  readonly writeState: (before: World, after: World) => void;
  /** Brings to this World what they read of the seat. */
  readonly writeSeatState: (world: World, seat: string) => void;
  /** Told of every published World with the one before it. */
  readonly publish: (before: World, after: World) => void;
  /** Tells who is in the foreground now. The World that is published next says it, too; before: the last one. */
  readonly publishSwitch: (before: World, after: World) => void;
}
