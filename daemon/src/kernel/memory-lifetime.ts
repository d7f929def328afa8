/** Lifetime FIFOs of the in-memory kernel, and those of inhibitors. */

import { KernelError } from "./kernel.ts";
import type { MemorySystem } from "./memory-system.ts";
import type { MemoryWatches } from "./memory-watches.ts";
import type { InhibitorPart, LifetimePart } from "./parts.ts";

export function createMemoryLifetimes(system: MemorySystem, watches: MemoryWatches): LifetimePart {
  return {
    lifetimes: () => [...system.fifos.keys()],
    createLifetime(id, ended) {
      system.fifos.set(id, new Map());
      watches.lifetimes.set(id, ended);
    },
    resumeLifetime(id, ended) {
      const writers = system.fifos.get(id);
      if (writers === undefined) throw new KernelError("open", "ENOENT", `lifetime/${id}`);
      watches.lifetimes.set(id, ended);
      if (writers.size === 0) watches.writerGone(id);
    },
    dropLifetime(id) {
      watches.lifetimes.delete(id);
      system.fifos.delete(id);
    },
    openLifetime(id) {
      if (!system.fifos.has(id)) throw new KernelError("open", "ENOENT", `lifetime/${id}`);
      if (!watches.lifetimes.has(id)) throw new KernelError("open", "ENXIO", `lifetime/${id}`);
      return system.openWriter(id);
    },
    lifetimeHeld: (id) => (system.fifos.get(id)?.size ?? 0) > 0,
    lifetimeHolders(id, pids) {
      const holders = new Set(system.fifos.get(id)?.values());
      return pids.filter((pid) => holders.has(pid));
    },
  };
}

export function createMemoryInhibitors(system: MemorySystem, watches: MemoryWatches): InhibitorPart {
  const { inhibitors } = system;
  return {
    inhibitors: () => [...inhibitors.keys()],
    createInhibitor(id) {
      inhibitors.set(id, new Map());
      watches.inhibitors.set(id, () => {});
    },
    watchInhibitor(id, ended) {
      const writers = inhibitors.get(id);
      if (writers === undefined) throw new KernelError("open", "ENOENT", `inhibitors/${id}.ref`);
      watches.inhibitors.set(id, ended);
      if (writers.size === 0) watches.inhibitorFree(id);
    },
    dropInhibitor(id) {
      watches.inhibitors.delete(id);
      inhibitors.delete(id);
    },
    openInhibitor(id) {
      if (!inhibitors.has(id)) throw new KernelError("open", "ENOENT", `inhibitors/${id}.ref`);
      if (!watches.inhibitors.has(id)) throw new KernelError("open", "ENXIO", `inhibitors/${id}.ref`);
      return system.openInhibitorWriter(id);
    },
    inhibitorHeld: (id) => (inhibitors.get(id)?.size ?? 0) > 0,
  };
}
