/**
 * The only door to the system. native.ts implements it on the addon, memory.ts is its twin for tests: a member
 * added here breaks the build until both have it. Everything throws KernelError.
 */

import type { ProcessIdentity, SessionId, Uid } from "../core/model.ts";
import type { SystemPort } from "../loop/ports.ts";
import type { SeatKernel } from "./seat-kernel.ts";

export class KernelError extends Error {
  /** The call that failed, such as "mount". */
  readonly call: string;
  /** The symbolic errno, such as "ENOSPC". */
  readonly errno: string;
  readonly subject: string;

  constructor(call: string, errno: string, subject: string) {
    super(`${call} ${subject}: ${errno}`);
    this.name = "KernelError";
    this.call = call;
    this.errno = errno;
    this.subject = subject;
  }
}

/** The other end of a connection, by SO_PEERCRED and SO_PEERGROUPS: as it was when it connected. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

export interface Connection {
  readonly peer: Peer;
  /** Queues bytes; the fds are sent with them and closed here afterwards, whatever happens. */
  send(bytes: Uint8Array, fds?: readonly number[]): void;
  /** Bytes queued and not yet taken by the kernel. */
  readonly queued: number;
  /** After what is queued has been sent (or its peer is gone). Idempotent. */
  close(): void;
}

export interface ConnectionHandler {
  /** A packet (SEQPACKET) or the next bytes (STREAM). Received fds are closed by the kernel room. */
  received(bytes: Buffer): void;
  /** Called once, right after accepting, when the client has not sent anything yet: a moment to prepare. */
  waiting?(): void;
  /** Called once, after the connection has ended for any reason but our own close(). */
  ended(): void;
}

/** A connection of ours to another program's socket. */
export interface Stream {
  /** Queues bytes; the fds are sent with the first of them and closed here afterwards, whatever happens. */
  send(bytes: Uint8Array, fds?: readonly number[]): void;
  /** Bytes queued and not yet taken by the kernel. */
  readonly queued: number;
  /** Reads nothing until it is called with false. */
  pause(paused: boolean): void;
  /** Now: what is queued is lost. Idempotent. */
  close(): void;
}

export interface StreamHandler {
  /**
   * The next bytes, in memory that is used again afterwards, and the fds that came with them: the handler's to close.
   * LOST_FDS stands for those that the kernel dropped, because this process may have no more.
   */
  received(bytes: Buffer, fds: readonly number[]): void;
  /** What was queued beyond a moment has been taken by the kernel. */
  drained(): void;
  /** Called once, after the connection has ended for any reason but our own close(). Never before connect() returns. */
  ended(): void;
}

export const LOST_FDS = -1;

export interface StreamLimits {
  /** The connection ends when its queue would grow beyond this many bytes. */
  readonly queueBytes: number;
  readonly readBytes: number;
}

export interface ListenLimits {
  readonly connections: number;
  /** Connections of one uid other than 0. */
  readonly connectionsPerUid: number;
  /** A connection whose queue would grow beyond this many bytes is closed. */
  readonly queueBytes: number;
  /** Largest read: a longer packet closes the connection. */
  readonly readBytes: number;
}

export interface ProcessFacts {
  readonly identity: ProcessIdentity;
  readonly parent: number;
  readonly uid: number;
  /** Session by control group; null if none. */
  readonly session: SessionId | null;
  /** The user whose slice it is in, whatever it runs as; null if in none. */
  readonly owner: Uid | null;
  readonly sameNamespace: boolean;
  /** Name of its controlling terminal, such as "tty2" or "pts/3"; "" if it has none or another kind. */
  readonly terminal: string;
}

export interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  /** Printable command line or name, at most 256 characters. */
  readonly command: string;
  /** Control group below the session's or user's own, "" for itself; from / on where a user's session is elsewhere. */
  readonly cgroup: string;
}

export interface Kernel extends SystemPort, SeatKernel {
  /**
   * Serves an inherited listening socket; false if the fd is none. Beyond a limit, or without free fds, new connections
   * are closed at once.
   */
  listen(fd: number, limits: ListenLimits, accepted: (c: Connection) => ConnectionHandler): boolean;
  /** Connects to a stream socket; the program behind it need not have accepted yet. */
  connect(path: string, limits: StreamLimits, handler: StreamHandler): Stream;
  /** Closes a descriptor that was received. */
  closeFd(fd: number): void;
  /** The peer or any process, now. Throws ESRCH if there is none. */
  process(pid: number): ProcessFacts;
  /** The same of the process that a pidfd stands for. Throws EINVAL for another kind of descriptor. */
  processOfFd(pidfd: number): ProcessFacts;
  /** The same process still lives. */
  alive(identity: ProcessIdentity): boolean;
  /** A new write end of the lifetime FIFO, close-on-exec; the caller passes it to send() or closes it. */
  openLifetime(id: SessionId): number;
  /** Some process holds a write end of the FIFO that an earlier daemon made. False if there is no FIFO. */
  lifetimeHeld(id: SessionId): boolean;
  /** A new write end of the inhibitor's FIFO, as openLifetime. */
  openInhibitor(id: number): number;
  /** Some process holds a write end of the FIFO. False if there is none. */
  inhibitorHeld(id: number): boolean;
  /** FIFOs of inhibitors that exist. */
  inhibitors(): number[];
  /** Scopes that exist below our root of control groups. */
  scopes(): { readonly id: SessionId; readonly uid: Uid }[];
  /** Lifetime FIFOs that exist. */
  lifetimes(): SessionId[];
  /** Runtime directories that exist. */
  runtimeDirectories(): { readonly uid: Uid; readonly directory: "tmpfs" | "directory" }[];
  runtimeDirectoryPath(uid: Uid): string;
  /** Users with a manager, its socket or its control group; alive: its sessionman-run answers. */
  managers(): { readonly uid: Uid; readonly alive: boolean }[];
  /** Control group of the user's manager, as in scopePath. */
  managerPath(uid: Uid): string | null;
  /** The last of what the manager and its backend wrote: whole lines of bytes as they came, at most 64 KiB. */
  managerLog(uid: Uid): string;
  /** Path of the session's scope below the root of control groups, such as "/user.slice/…"; null without cgroup v2. */
  scopePath(id: SessionId, uid: Uid): string | null;
  slicePath(uid: Uid): string | null;
  scopeProcesses(id: SessionId, uid: Uid): ProcessLine[];
  sliceProcesses(uid: Uid): ProcessLine[];
  /** Which of these processes hold the write end of the session's lifetime FIFO. */
  lifetimeHolders(id: SessionId, pids: readonly number[]): number[];
  /** The virtual terminal N if that name ("tty2", "/dev/tty2") is its device, else 0. */
  ttyVt(tty: string): number;
  /** Name of the terminal, such as "pts/3", that is open for reading and writing. Throws EACCES or ENOTTY. Never blocks. */
  terminalOfFd(fd: number): string;
  /** Calls back with the foreground VT at once and at each change; returns false without VTs. */
  watchActiveVt(changed: (vt: number) => void): boolean;
  /** Numeric id of a group name, by the same means. */
  lookUpGroup(name: string, found: (gid: number | null) => void): void;
  /** Replaces the file atomically: temporary file in the same directory, mode 0644, rename. */
  writeFile(path: string, content: string): void;
  /** CRC-32 of a text without NUL, in UTF-8. */
  checksum(text: string): number;
  /** What the system lacks, in words, such as "no cgroup v2: sessions have no scope". */
  degraded(): readonly string[];
  /** Tells the keeper that logins are accepted. */
  ready(): void;
  /** The keeper is gone or told us to stop. */
  onStop(stopped: () => void): void;
}

/** Where things are; tests put all of it elsewhere. */
export interface Paths {
  /** /run/sessionman */
  readonly run: string;
  /** /run/user */
  readonly runtimeDirectories: string;
  /** /var/lib/sessionman/linger */
  readonly lingering: string;
  /** Configuration of the backends, /etc/sessionman/backend. */
  readonly backendConfiguration: string;
  /** Mount point of cgroup v2 or a directory below it; null finds it. */
  readonly cgroupRoot: string | null;
  /** Whose programs are to find sessions by their control groups: those with libsystemd, or those with libelogind. */
  readonly cgroupLayout: "systemd" | "elogind";
}

/** Callers may name greater ones, which no process can have. */
export const PID_MAX = 0x7fff_ffff;

/** null if there is no such process. */
export function processOrNull(kernel: Pick<Kernel, "process">, pid: number): ProcessFacts | null {
  if (pid < 1 || pid > PID_MAX) return null;
  try {
    return kernel.process(pid);
  } catch (error) {
    if (error instanceof KernelError) return null;
    throw error;
  }
}
