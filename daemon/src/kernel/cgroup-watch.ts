/**
 * Tells when a group has no process left: one inotify descriptor over the cgroup.events of those that are watched, and
 * a timer for those that no watch is left for.
 */

import type { Base } from "./base.ts";
import { KernelError } from "./kernel.ts";
import { READABLE } from "./poller.ts";

interface Watched {
  readonly directory: string | null;
  readonly emptied: () => void;
  /** -1: looked at by the timer. */
  readonly watch: number;
}

/** Groups by their path below the root. */
export interface GroupWatch {
  /** Without a directory the group counts as empty. emptied is called once, never before this returns. */
  add(group: string, directory: string | null, emptied: () => void): void;
  remove(group: string): void;
  shut(): void;
}

const LOOK_MS = 1_000;

export function createGroupWatch({ addon, poller, turns, lacks }: Base): GroupWatch {
  const groups = new Map<string, Watched>();
  const byWatch = new Map<number, string>();
  /** Groups whose turn to be looked at has not come. */
  const due = new Set<string>();
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

  const remove = (group: string) => {
    const watched = groups.get(group);
    if (watched === undefined) return;
    groups.delete(group);
    if (watched.watch < 0) return;
    byWatch.delete(watched.watch);
    addon.unwatch(inotify, watched.watch);
  };

  const look = (group: string) => {
    const watched = groups.get(group);
    if (watched === undefined || (watched.directory !== null && populated(watched.directory))) return;
    remove(group);
    watched.emptied();
  };

  const lookLater = (group: string) => {
    if (due.has(group)) return;
    due.add(group);
    turns.later(() => {
      due.delete(group);
      look(group);
    });
  };

  const lookAtUnwatched = () => {
    for (const [group, watched] of groups) if (watched.watch < 0) lookLater(group);
    if ([...groups.values()].some(({ watch }) => watch < 0)) return;
    clearInterval(timer);
    timer = undefined;
  };

  const changed = () => {
    for (const watch of addon.readWatch(inotify)) {
      const group = byWatch.get(watch);
      if (group !== undefined) lookLater(group);
      else if (watch < 0) for (const each of groups.keys()) lookLater(each);
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
      if (error.errno !== "ENOENT") lacks(`control groups are looked at each second: ${error.message}`);
      timer ??= setInterval(lookAtUnwatched, LOOK_MS);
      return -1;
    }
  };

  return {
    add(group, directory, emptied) {
      remove(group);
      const watch = directory === null ? -1 : arm(directory);
      groups.set(group, { directory, emptied, watch });
      if (watch >= 0) byWatch.set(watch, group);
      // it may have become empty before the watch was there
      if (directory === null || !populated(directory)) lookLater(group);
    },
    remove,
    shut() {
      clearInterval(timer);
      groups.clear();
    },
  };
}
