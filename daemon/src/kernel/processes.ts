/** Processes: who they are, whether they live, and signals to exactly them. */

import type { ProcessIdentity, SessionId } from "../core/model.ts";
import type { Base } from "./base.ts";
import type { ProcessPart } from "./parts.ts";
import { READABLE } from "./poller.ts";

export function createProcesses(
  { addon, poller }: Base,
  sessionOf: (cgroup: string) => SessionId | null,
): ProcessPart {
  const watched = new Map<SessionId, number>();

  const unwatch = (id: SessionId) => {
    const fd = watched.get(id);
    if (fd === undefined) return;
    watched.delete(id);
    if (fd >= 0) poller.drop(fd);
  };

  const exitLater = (id: SessionId, exited: () => void) => {
    watched.set(id, -1);
    setImmediate(() => {
      if (watched.get(id) !== -1) return;
      watched.delete(id);
      exited();
    });
  };

  return {
    process(pid) {
      const { identity, parent, uid, cgroup, sameNamespace, terminal } = addon.identify(pid);
      return { identity, parent, uid, session: sessionOf(cgroup), sameNamespace, terminal };
    },
    alive: ({ pid, start, inode }: ProcessIdentity) => addon.isAlive(pid, start, inode),
    executableOf: ({ pid, start, inode }) => addon.executable(pid, start, inode),
    signalProcess: ({ pid, start, inode }, signal) => addon.signalProcess(pid, start, inode, signal),
    watchLeader(id, { pid, start, inode }, exited) {
      unwatch(id);
      const fd = addon.openProcess(pid, start, inode);
      if (fd < 0) return exitLater(id, exited);
      poller.watch(fd, READABLE, () => {
        unwatch(id);
        exited();
      });
      watched.set(id, fd);
    },
    unwatchLeader: unwatch,
  };
}
