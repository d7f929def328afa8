/** Service managers of the in-memory kernel. */

import type { Uid } from "../core/model.ts";
import { KernelError } from "./kernel.ts";
import { MemoryManager } from "./memory-manager-process.ts";
import type { MemorySystem } from "./memory-system.ts";
import type { MemoryWatches } from "./memory-watches.ts";
import type { ManagerPart } from "./parts.ts";

const SIGTERM = 15;
const SIGKILL = 9;
const sliceOf = (uid: Uid) => `/user.slice/user-${uid}.slice`;
const serviceOf = (uid: Uid) => `${sliceOf(uid)}/user@${uid}.service`;

export function createMemoryManagers(system: MemorySystem, watches: MemoryWatches): ManagerPart {
  const killAll = (uid: Uid) => {
    for (const { identity } of system.inGroup(serviceOf(uid))) system.signal(identity.pid, SIGKILL);
    const pid = system.managers.get(uid)?.process?.identity.pid;
    if (pid !== undefined) system.signal(pid, SIGKILL);
  };
  const ordered = (uid: Uid, ...words: readonly string[]) => {
    const manager = system.managers.get(uid);
    if (manager?.alive) manager.orders.push(words);
  };

  return {
    startManager(order, told) {
      const { uid } = order;
      if (system.cgroups && !system.slices.has(uid)) throw new KernelError("mkdir", "ENOENT", serviceOf(uid));
      watches.managers.set(uid, told);
      system.managers.set(uid, new MemoryManager(system, order, system.cgroups ? sliceOf(uid) : null));
      system.logs.set(uid, system.logs.get(uid) ?? "");
    },
    adoptManager(uid, told) {
      const manager = system.managers.get(uid);
      if (!manager?.alive) throw new KernelError("connect", "ECONNREFUSED", `managers/${uid}.sock`);
      watches.managers.set(uid, told);
      watches.managerSaid(uid, manager.news);
    },
    orderManager(uid, order) {
      ordered(uid, order);
      const pid = system.managers.get(uid)?.process?.identity.pid;
      if (order === "term" && pid !== undefined) system.signal(pid, SIGTERM);
    },
    tellEnvironment(uid, set, unset) {
      const words = [...[...set].map(([name, value]) => `${name}=${value}`), ...unset];
      if (words.length > 0) ordered(uid, "environment", ...words);
    },
    tellGraphical: (uid, phase) => ordered(uid, "graphical", phase),
    signalManager(uid, signal) {
      for (const { identity } of system.inGroup(serviceOf(uid))) system.signal(identity.pid, signal);
    },
    killManager: killAll,
    cleanManager(uid, cleaned) {
      watches.managers.set(uid, () => {});
      killAll(uid);
      // time enough for the real one to close its PAM session
      const manager = system.managers.get(uid);
      if (manager !== undefined) system.signal(manager.holder.identity.pid, SIGKILL);
      queueMicrotask(() => {
        if (system.watches !== watches) return;
        watches.managers.delete(uid);
        system.managers.delete(uid);
        cleaned();
      });
    },
    eraseManager: (uid) => void system.logs.delete(uid),
    managers: () => [...system.managers].map(([uid, { alive }]) => ({ uid, alive })),
    managerPath: (uid) => (system.cgroups ? serviceOf(uid) : null),
    managerLog: (uid) => system.logs.get(uid) ?? "",
  };
}
