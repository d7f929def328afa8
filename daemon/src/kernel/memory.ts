/**
 * The kernel's twin for tests: the same interface over a simulated machine. A second one made on the same machine is
 * the daemon after a restart: what the first one watched is forgotten, everything else is there.
 */

import { crc32 } from "node:zlib";
import { type Kernel, KernelError } from "./kernel.ts";
import { createMemoryGroups } from "./memory-cgroup.ts";
import { type MemoryKeptClient, MemoryKeptListener } from "./memory-kept.ts";
import { createMemoryInhibitors, createMemoryLifetimes } from "./memory-lifetime.ts";
import { createMemoryManagers } from "./memory-manager.ts";
import { createMemoryProcesses } from "./memory-processes.ts";
import { createMemoryRuntime } from "./memory-runtime.ts";
import { createMemorySeats } from "./memory-seats.ts";
import { type MemoryClient, MemoryListener } from "./memory-sockets.ts";
import { createMemoryStreams } from "./memory-stream.ts";
import { MemorySystem } from "./memory-system.ts";
import { MemoryWatches } from "./memory-watches.ts";

export interface MemoryKernel extends Kernel {
  readonly system: MemorySystem;
  /** A process connects to the socket that is served under this number. */
  dial(fd: number, pid: number): MemoryClient;
  /** The same where connections outlive the daemon. */
  dialKept(fd: number, pid: number): MemoryKeptClient;
  /** The keeper goes away. */
  stop(): void;
  /** Lets what has happened be told: callbacks never come before the call that caused them returns. */
  settle(): Promise<void>;
}

type Rest = Pick<
  Kernel,
  | "listen"
  | "serveKept"
  | "ttyVt"
  | "terminalOfFd"
  | "watchActiveVt"
  | "lookUpUser"
  | "lookUpGroup"
  | "searchLibrary"
  | "writeFile"
  | "checksum"
  | "degraded"
  | "ready"
  | "onStop"
>;

/** Turns of the queue after which everything that follows from one event has been told. */
const SETTLING_TURNS = 10;

function createRest(system: MemorySystem, watches: MemoryWatches): Rest {
  return {
    listen(fd, limits, accepted) {
      watches.listeners.set(fd, new MemoryListener(system, limits, accepted));
      return true;
    },
    serveKept(fd, limits, accepted) {
      watches.keptListeners.set(fd, new MemoryKeptListener(system, limits, accepted));
      return true;
    },
    ttyVt(tty) {
      const match = /^(?:\/dev\/)?tty([1-9][0-9]?)$/.exec(tty);
      const vt = match === null ? 0 : Number(match[1]);
      return system.activeVt !== null && vt <= 63 ? vt : 0;
    },
    terminalOfFd(fd) {
      const terminal = system.terminalFds.get(fd);
      if (terminal === undefined) throw new KernelError("tcgetattr", "ENOTTY", `descriptor ${fd}`);
      return terminal;
    },
    watchActiveVt(changed) {
      if (system.activeVt === null) return false;
      watches.whenVtChanges = changed;
      changed(system.activeVt);
      return true;
    },
    lookUpUser: (uid, found) => queueMicrotask(() => found(system.users.get(uid) ?? null)),
    lookUpGroup: (name, found) => queueMicrotask(() => found(system.groups.get(name) ?? null)),
    searchLibrary(pid, library, texts, found) {
      const content = system.processes.get(pid)?.libraries.get(library);
      const result = content === undefined ? null : texts.filter((text) => content.includes(text));
      queueMicrotask(() => found(result));
    },
    writeFile: (path, content) => void system.files.set(path, content),
    checksum: (text) => crc32(text),
    degraded: () => (system.cgroups ? [] : ["no cgroup v2: sessions have no scope"]),
    ready() {
      system.readied += 1;
    },
    onStop(stopped) {
      watches.whenStopped = stopped;
    },
  };
}

/** Each member first asks whether the test wants this call to fail. */
function failable(kernel: Kernel, system: MemorySystem): Kernel {
  const wrapped = Object.entries(kernel).map(([name, member]) => [
    name,
    (...given: unknown[]) => {
      system.called(name as keyof Kernel);
      return (member as (...given: unknown[]) => unknown)(...given);
    },
  ]);
  return Object.fromEntries(wrapped) as Kernel;
}

export function createMemoryKernel(system = new MemorySystem()): MemoryKernel {
  system.watches?.ended();
  const watches = new MemoryWatches(system);
  system.watches = watches;
  const kernel: Kernel = {
    ...createMemoryProcesses(system, watches),
    ...createMemoryGroups(system, watches),
    ...createMemoryLifetimes(system, watches),
    ...createMemoryInhibitors(system, watches),
    ...createMemoryRuntime(system),
    ...createMemoryManagers(system, watches),
    ...createMemoryStreams(system),
    ...createRest(system, watches),
    ...createMemorySeats(system, watches),
  };
  return {
    ...failable(kernel, system),
    system,
    dial(fd, pid) {
      const listener = watches.listeners.get(fd);
      if (listener === undefined) throw new Error(`the test connects to ${fd}, where nobody listens`);
      return listener.connect(pid);
    },
    dialKept(fd, pid) {
      const listener = watches.keptListeners.get(fd);
      if (listener === undefined) throw new Error(`the test connects to ${fd}, where nobody listens`);
      return listener.connect(pid);
    },
    stop: () => watches.whenStopped(),
    async settle() {
      for (let turn = 0; turn < SETTLING_TURNS; turn += 1) await new Promise(setImmediate);
    },
  };
}
