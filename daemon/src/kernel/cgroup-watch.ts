/**
 * Tells when a scope has no process left: one inotify descriptor over the scopes' cgroup.events, and a timer for
 * those that no watch is left for.
 */

import type { SessionId } from "../core/model.ts";
import type { Base } from "./base.ts";
import { KernelError } from "./kernel.ts";
import { READABLE } from "./poller.ts";

interface Watched {
  readonly directory: string | null;
  readonly emptied: () => void;
  /** -1: looked at by the timer. */
  readonly watch: number;
}

export interface ScopeWatch {
  /** Without a directory the scope counts as empty. */
  add(id: SessionId, directory: string | null, emptied: () => void): void;
  remove(id: SessionId): void;
  shut(): void;
}

const LOOK_MS = 1_000;

export function createScopeWatch({ addon, poller, lacks }: Base): ScopeWatch {
  const scopes = new Map<SessionId, Watched>();
  const byWatch = new Map<number, SessionId>();
  let inotify = -1;
  let timer: NodeJS.Timeout | undefined;

  const populated = (directory: string): boolean => {
    try {
      return addon.read(`${directory}/cgroup.events`, 4096).includes("populated 1");
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      // what cannot be read now (no descriptor left) is not taken for empty: it is looked at again later
      return error.errno !== "ENOENT" && error.errno !== "ENODEV";
    }
  };

  const remove = (id: SessionId) => {
    const scope = scopes.get(id);
    if (scope === undefined) return;
    scopes.delete(id);
    if (scope.watch < 0) return;
    byWatch.delete(scope.watch);
    addon.unwatch(inotify, scope.watch);
  };

  const look = (id: SessionId) => {
    const scope = scopes.get(id);
    if (scope === undefined || (scope.directory !== null && populated(scope.directory))) return;
    remove(id);
    scope.emptied();
  };

  const lookAtUnwatched = () => {
    for (const [id, scope] of [...scopes]) if (scope.watch < 0) look(id);
    if ([...scopes.values()].some((scope) => scope.watch < 0)) return;
    clearInterval(timer);
    timer = undefined;
  };

  const changed = () => {
    for (const watch of addon.readWatch(inotify)) {
      const id = byWatch.get(watch);
      if (id !== undefined) look(id);
      else if (watch < 0) for (const each of [...scopes.keys()]) look(each);
    }
  };

  const arm = (directory: string): number => {
    try {
      if (inotify < 0) {
        inotify = addon.openWatch();
        poller.watch(inotify, READABLE, changed);
      }
      return addon.watch(inotify, `${directory}/cgroup.events`);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (error.errno !== "ENOENT") lacks(`scopes are looked at each second: ${error.message}`);
      timer ??= setInterval(lookAtUnwatched, LOOK_MS);
      return -1;
    }
  };

  return {
    add(id, directory, emptied) {
      remove(id);
      const watch = directory === null ? -1 : arm(directory);
      scopes.set(id, { directory, emptied, watch });
      if (watch >= 0) byWatch.set(watch, id);
      // it may have become empty before the watch was there
      if (directory === null || !populated(directory)) setImmediate(() => look(id));
    },
    remove,
    shut() {
      clearInterval(timer);
      scopes.clear();
    },
  };
}
