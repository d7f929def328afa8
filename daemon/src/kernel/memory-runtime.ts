/** Runtime directories of the in-memory kernel. */

import type { MemorySystem } from "./memory-system.ts";
import type { RuntimePart } from "./parts.ts";

export function createMemoryRuntime(system: MemorySystem): RuntimePart {
  return {
    createRuntimeDirectory(uid, gid, bytes, inodes) {
      const there = system.runtime.get(uid);
      if (there !== undefined && (there.directory === "tmpfs") === system.mountable) return there.directory;
      const directory = system.mountable ? "tmpfs" : "directory";
      system.runtime.set(uid, { gid, directory, bytes, inodes, sockets: new Set() });
      return directory;
    },
    removeRuntimeDirectory(uid, _gid, _directory, done) {
      system.runtime.delete(uid);
      queueMicrotask(() => done(null));
    },
    runtimeDirectories: () => [...system.runtime].map(([uid, { directory }]) => ({ uid, directory })),
    hasRuntimeSocket: (uid, name) => system.runtime.get(uid)?.sockets.has(name) ?? false,
    runtimeDirectoryPath: (uid) => `/run/user/${uid}`,
  };
}
