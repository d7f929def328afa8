/**
 * What of a simulated machine outlives the daemon: processes, control groups, FIFOs, runtime directories, files,
 * listening sockets. A test acts on it; memory.ts serves a daemon from it.
 */

import type { Limits } from "../core/configuration.ts";
import type { Account } from "../core/events.ts";
import type { ManagerNews, ProcessIdentity, SessionId, Uid } from "../core/model.ts";
import { type Kernel, KernelError, type Peer } from "./kernel.ts";
import { MemoryDevices } from "./memory-devices.ts";
import type { MemoryManager } from "./memory-manager-process.ts";
import type { MemoryService } from "./memory-stream.ts";

export interface MemoryProcess {
  identity: ProcessIdentity;
  readonly parent: number;
  readonly uid: number;
  readonly command: string;
  readonly terminal: string;
  readonly sameNamespace: boolean;
  /** "" or a path such as "/user.slice/user-1000.slice/session-1.scope". */
  cgroup: string;
  /** Contents of the libraries that it has mapped, by their names. */
  readonly libraries: ReadonlyMap<string, string>;
  /** Lives on after SIGTERM, SIGHUP and SIGINT. */
  readonly stubborn: boolean;
  /** Write ends of lifetime FIFOs that it holds. */
  readonly holds: Set<number>;
}

export interface MemoryRuntime {
  readonly gid: number;
  readonly directory: "tmpfs" | "directory";
  readonly bytes: number;
  readonly inodes: number;
  /** Names of sockets of the user's that lie in it. */
  readonly sockets: Set<string>;
}

interface Failure {
  readonly errno: string;
  /** Calls that still succeed before it. */
  left: number;
}

/** What a running daemon wants to hear; lost when it ends. */
export interface Watches {
  processEnded(process: MemoryProcess): void;
  writerGone(id: SessionId): void;
  inhibitorFree(id: number): void;
  managerSaid(uid: Uid, news: ManagerNews): void;
  vtChanged(vt: number): void;
  /** The daemon is replaced by a later one. */
  ended(): void;
}

const FIRST_PID = 1000;
const FIRST_FD = 100_000;
const SIGKILL = 9;
/** SIGHUP, SIGINT, SIGTERM. */
const ENDING: ReadonlySet<number> = new Set([1, 2, 15]);

export class MemorySystem {
  readonly processes = new Map<number, MemoryProcess>();
  readonly slices = new Map<Uid, Limits>();
  /** Path of each scope. */
  readonly scopes = new Map<string, { readonly id: SessionId; readonly uid: Uid; readonly limits: Limits }>();
  /** Write ends of each FIFO: who holds it, null while the daemon does. */
  readonly fifos = new Map<SessionId, Map<number, number | null>>();
  /** The same of inhibitors. */
  readonly inhibitors = new Map<number, Map<number, number | null>>();
  readonly runtime = new Map<Uid, MemoryRuntime>();
  /** Service managers that run, or whose remains are there. */
  readonly managers = new Map<Uid, MemoryManager>();
  /** What managers wrote. */
  readonly logs = new Map<Uid, string>();
  readonly files = new Map<string, string>();
  readonly seats = new MemoryDevices();
  /** Programs that listen at a path: called with each connection that the daemon makes. */
  readonly services = new Map<string, (connection: MemoryService) => void>();
  /** Descriptors that such programs passed to the daemon and that it has not closed. */
  readonly receivedFds = new Set<number>();
  /** Those of them that stand for a process, and those that are terminals. */
  readonly pidfds = new Map<number, number>();
  readonly terminalFds = new Map<number, string>();
  readonly users = new Map<Uid, Account>();
  readonly groups = new Map<string, number>();
  readonly signals: { readonly pid: number; readonly signal: number }[] = [];
  /** Whether tmpfs can be mounted; otherwise runtime directories are plain ones. */
  mountable = true;
  /** Without control groups scopes cannot be made. */
  cgroups = true;
  /** The foreground terminal; null without virtual terminals. */
  activeVt: number | null = 1;
  /** Times that the daemon said it was ready. */
  readied = 0;
  watches: Watches | null = null;
  readonly #failures = new Map<keyof Kernel, Failure[]>();
  #nextPid = FIRST_PID;
  #nextFd = FIRST_FD;
  #clock = 1;

  makeProcess(
    options: Partial<Omit<MemoryProcess, "identity" | "holds">> & { readonly pid?: number } = {},
  ): MemoryProcess {
    const pid = options.pid ?? this.#nextPid++;
    const parent = options.parent ?? 1;
    this.#clock += 1;
    const process: MemoryProcess = {
      identity: { pid, start: String(this.#clock), inode: String(this.#clock + 1e6), executable: "8:1" },
      parent,
      uid: options.uid ?? 0,
      command: options.command ?? "login",
      terminal: options.terminal ?? "",
      sameNamespace: options.sameNamespace ?? true,
      cgroup: options.cgroup ?? this.processes.get(parent)?.cgroup ?? "",
      stubborn: options.stubborn ?? false,
      libraries: options.libraries ?? new Map(),
      holds: new Set(),
    };
    this.processes.set(pid, process);
    return process;
  }

  exit(pid: number): void {
    const process = this.processes.get(pid);
    if (process === undefined) return;
    this.processes.delete(pid);
    for (const fd of [...process.holds]) this.close(fd);
    for (const kept of [...this.seats.kept.values()]) if (kept.peer.pid === pid) kept.close();
    for (const manager of [...this.managers.values()]) manager.processEnded(process);
    this.watches?.processEnded(process);
  }

  exec(pid: number, executable: string): void {
    const process = this.processes.get(pid);
    if (process !== undefined) process.identity = { ...process.identity, executable };
  }

  /** A descriptor for the write end of the session's FIFO, held by the daemon until it is passed on. */
  openWriter(id: SessionId): number {
    const fd = this.#nextFd++;
    this.fifos.get(id)?.set(fd, null);
    return fd;
  }

  openInhibitorWriter(id: number): number {
    const fd = this.#nextFd++;
    this.inhibitors.get(id)?.set(fd, null);
    return fd;
  }

  /** A descriptor that came over a socket. */
  receiveFd(): number {
    const fd = this.#nextFd++;
    this.receivedFds.add(fd);
    return fd;
  }

  /** The descriptor now belongs to that process. */
  pass(fd: number, pid: number): void {
    for (const writers of [...this.fifos.values(), ...this.inhibitors.values()])
      if (writers.has(fd)) writers.set(fd, pid);
    this.processes.get(pid)?.holds.add(fd);
  }

  close(fd: number): void {
    this.receivedFds.delete(fd);
    for (const [id, writers] of this.fifos) if (this.#closedLast(writers, fd)) this.watches?.writerGone(id);
    for (const [id, writers] of this.inhibitors)
      if (this.#closedLast(writers, fd)) this.watches?.inhibitorFree(id);
  }

  #closedLast(writers: Map<number, number | null>, fd: number): boolean {
    const holder = writers.get(fd);
    if (!writers.delete(fd)) return false;
    if (typeof holder === "number") this.processes.get(holder)?.holds.delete(fd);
    return writers.size === 0;
  }

  signal(pid: number, signal: number): void {
    const process = this.processes.get(pid);
    if (process === undefined) return;
    this.signals.push({ pid, signal });
    if (signal === SIGKILL || (ENDING.has(signal) && !process.stubborn)) this.exit(pid);
  }

  /** Processes in the group or below it. */
  inGroup(path: string): MemoryProcess[] {
    return [...this.processes.values()].filter(
      ({ cgroup }) => cgroup === path || cgroup.startsWith(`${path}/`),
    );
  }

  switchVt(vt: number): void {
    if (this.activeVt !== null && this.activeVt !== vt) this.seats.leave(this.activeVt);
    this.activeVt = vt;
    this.watches?.vtChanged(vt);
  }

  /** The nth call from now of that member fails, once. */
  fail(member: keyof Kernel, errno: string, nth = 1): void {
    const list = this.#failures.get(member) ?? [];
    list.push({ errno, left: nth - 1 });
    this.#failures.set(member, list);
  }

  /** Throws if this call was to fail. */
  called(member: keyof Kernel): void {
    const list = this.#failures.get(member);
    if (list === undefined) return;
    const due = list.find((failure) => failure.left === 0);
    this.#failures.set(
      member,
      list.filter((failure) => failure !== due),
    );
    for (const failure of list) failure.left -= 1;
    if (due !== undefined) throw new KernelError(member, due.errno, "as the test asked");
  }

  processOf(identity: ProcessIdentity): MemoryProcess | null {
    const process = this.processes.get(identity.pid);
    return process !== undefined && process.identity.start === identity.start ? process : null;
  }

  peerOf(pid: number): Peer {
    const process = this.processes.get(pid);
    if (process === undefined) throw new Error(`the test has no process ${pid}`);
    return { pid, uid: process.uid, gid: process.uid, groups: [process.uid] };
  }
}
