/** Control groups of the in-memory kernel. */

import type { SessionId, Uid } from "../core/model.ts";
import { KernelError, type ProcessLine } from "./kernel.ts";
import type { MemorySystem } from "./memory-system.ts";
import type { MemoryWatches } from "./memory-watches.ts";
import type { GroupPart } from "./parts.ts";

const SIGKILL = 9;
const sliceOf = (uid: Uid) => `/user.slice/user-${uid}.slice`;
const scopeOf = (id: SessionId, uid: Uid) => `${sliceOf(uid)}/session-${id}.scope`;

export function createMemoryGroups(system: MemorySystem, watches: MemoryWatches): GroupPart {
  const need = (path: string) => {
    if (!system.cgroups) throw new KernelError("mkdir", "ENOSYS", path);
  };
  const signal = (path: string, number: number, except: number) => {
    for (const { identity } of system.inGroup(path))
      if (identity.pid !== except) system.signal(identity.pid, number);
  };
  const lines = (path: string): ProcessLine[] =>
    system.inGroup(path).map(({ identity, parent, command, cgroup }) => ({
      pid: identity.pid,
      parent,
      command,
      cgroup: cgroup.slice(path.length + 1),
    }));

  return {
    createSlice(uid, limits) {
      need(sliceOf(uid));
      system.slices.set(uid, limits);
    },
    limitSlice(uid, limits) {
      need(sliceOf(uid));
      if (system.slices.has(uid)) system.slices.set(uid, limits);
    },
    removeSlice(uid) {
      const scopes = [...system.scopes.values()].some((scope) => scope.uid === uid);
      const used = scopes || system.managers.has(uid);
      if (!used && system.inGroup(sliceOf(uid)).length === 0) system.slices.delete(uid);
    },
    enterScope(id, uid, leader, limits) {
      need(scopeOf(id, uid));
      const process = system.processOf(leader);
      if (process === null) throw new KernelError("pidfd_open", "ESRCH", `process ${leader.pid}`);
      if (!system.slices.has(uid)) throw new KernelError("mkdir", "ENOENT", scopeOf(id, uid));
      system.scopes.set(scopeOf(id, uid), { id, uid, limits });
      process.cgroup = scopeOf(id, uid);
      watches.groupsChanged();
    },
    watchScope(id, uid, emptied) {
      watches.scopes.set(id, { path: scopeOf(id, uid), emptied });
      watches.groupsChanged();
    },
    signalScope: (id, uid, number, except) => signal(scopeOf(id, uid), number, except),
    killScope: (id, uid) => signal(scopeOf(id, uid), SIGKILL, 0),
    removeScope(id, uid) {
      watches.scopes.delete(id);
      if (system.inGroup(scopeOf(id, uid)).length > 0)
        throw new KernelError("rmdir", "EBUSY", scopeOf(id, uid));
      system.scopes.delete(scopeOf(id, uid));
    },
    scopes: () => [...system.scopes.values()].map(({ id, uid }) => ({ id, uid })),
    scopePath: (id, uid) => (system.cgroups ? scopeOf(id, uid) : null),
    slicePath: (uid) => (system.cgroups ? sliceOf(uid) : null),
    scopeProcesses: (id, uid) => lines(scopeOf(id, uid)),
    sliceProcesses: (uid) => lines(sliceOf(uid)),
  };
}
