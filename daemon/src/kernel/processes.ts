/** Processes: who they are, whether they live, and signals to exactly them. */

import type { ProcessIdentity, SessionId } from "../core/model.ts";
import type { Base } from "./base.ts";
import type { Cgroups } from "./cgroup.ts";
import { Ends } from "./ends.ts";
import { KernelError, type ProcessFacts } from "./kernel.ts";
import type { ProcessPart } from "./parts.ts";
import { READABLE } from "./poller.ts";

const FDINFO_LIMIT = 4096;

export function createProcesses(
  base: Base,
  { sessionOf, ownerOf }: Pick<Cgroups, "sessionOf" | "ownerOf">,
): ProcessPart {
  const { addon } = base;
  const leaders = new Ends<SessionId>(base);

  const describe = (pid: number): ProcessFacts => {
    const { identity, parent, uid, cgroup, sameNamespace, terminal } = addon.identify(pid);
    const [session, owner] = [sessionOf(cgroup), ownerOf(cgroup)];
    return { identity, parent, uid, session, owner, sameNamespace, terminal };
  };

  /** What the kernel says of any descriptor of ours, without asking a file system; -1 for a process that is gone. */
  const pidOf = (fd: number): number => {
    const match = /^Pid:\t(-?[0-9]+)$/m.exec(addon.read(`/proc/self/fdinfo/${fd}`, FDINFO_LIMIT));
    if (match === null) throw new KernelError("pidfd_send_signal", "EINVAL", `descriptor ${fd}`);
    return Number(match[1]);
  };

  return {
    process: describe,
    processOfFd(fd) {
      const pid = pidOf(fd);
      if (pid <= 0) throw new KernelError("pidfd_open", "ESRCH", `process of descriptor ${fd}`);
      const facts = describe(pid);
      if (pidOf(fd) !== pid) throw new KernelError("pidfd_open", "ESRCH", `process ${pid}`);
      return facts;
    },
    alive: ({ pid, start, inode }: ProcessIdentity) => addon.isAlive(pid, start, inode),
    executableOf: ({ pid, start, inode }) => addon.executable(pid, start, inode),
    signalProcess: ({ pid, start, inode }, signal) => addon.signalProcess(pid, start, inode, signal),
    watchLeader(id, { pid, start, inode }, exited) {
      const fd = addon.openProcess(pid, start, inode);
      if (fd < 0) leaders.later(id, exited);
      else leaders.watch(id, fd, READABLE, exited);
    },
    unwatchLeader: (id) => leaders.unwatch(id),
  };
}
