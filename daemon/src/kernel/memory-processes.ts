/** Processes of the in-memory kernel. */

import type { SessionId } from "../core/model.ts";
import { parseUid } from "../core/names.ts";
import { KernelError, type ProcessFacts } from "./kernel.ts";
import type { MemoryProcess, MemorySystem } from "./memory-system.ts";
import type { MemoryWatches } from "./memory-watches.ts";
import type { ProcessPart } from "./parts.ts";

const SLICE = /^\/user\.slice\/user-([0-9]+)\.slice(?:\/|$)/;
const SESSION = /^\/user\.slice\/user-[0-9]+\.slice\/session-([0-9]+)\.scope(?:\/|$)/;

function factsOf(process: MemoryProcess): ProcessFacts {
  const session: SessionId | null = SESSION.exec(process.cgroup)?.[1] ?? null;
  const owner = parseUid(SLICE.exec(process.cgroup)?.[1] ?? "");
  const { identity, parent, uid, sameNamespace, terminal } = process;
  return { identity, parent, uid, session, owner, sameNamespace, terminal };
}

export function createMemoryProcesses(system: MemorySystem, watches: MemoryWatches): ProcessPart {
  const describe = (pid: number) => {
    const process = system.processes.get(pid);
    if (process === undefined) throw new KernelError("pidfd_open", "ESRCH", `process ${pid}`);
    return factsOf(process);
  };
  return {
    process: describe,
    processOfFd(fd) {
      const pid = system.pidfds.get(fd);
      if (pid === undefined) throw new KernelError("pidfd_send_signal", "EINVAL", `descriptor ${fd}`);
      return describe(pid);
    },
    alive: (identity) => system.processOf(identity) !== null,
    executableOf: (identity) => system.processOf(identity)?.identity.executable ?? "",
    signalProcess(identity, signal) {
      if (system.processOf(identity) === null)
        throw new KernelError("pidfd_open", "ESRCH", `process ${identity.pid}`);
      system.signal(identity.pid, signal);
    },
    watchLeader(id, leader, exited) {
      const watch = { leader, exited };
      watches.leaders.set(id, watch);
      if (system.processOf(leader) === null) watches.once(watches.leaders, id, watch, exited);
    },
    unwatchLeader: (id) => void watches.leaders.delete(id),
  };
}
