/**
 * Tells when a group has no process left: one inotify descriptor over the cgroup.events of those that have some, and
 * a timer for those that no watch is left for. Most are empty when they are first looked at, and need no watch.
 */

import type { Addon } from "./addon.ts";
import type { Base } from "./base.ts";
import { KernelError } from "./kernel.ts";
import { READABLE } from "./poller.ts";

interface Watched {
  readonly directory: string | null;
  readonly emptied: () => void;
  watch: number;
}

/** Not looked at yet. */
const NEW = -2;
/** Looked at by the timer. */
const NONE_LEFT = -1;

/** Groups by their path below the root. */
export interface GroupWatch {
  /** Without a directory the group counts as empty. emptied is called once, never before this returns. */
  add(group: string, directory: string | null, emptied: () => void): void;
  remove(group: string): void;
  shut(): void;
}

const LOOK_MS = 1_000;

function populated(addon: Addon, directory: string): boolean {
  try {
    return addon.read(`${directory}/cgroup.events`, 4096).includes("populated 1");
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    // what cannot be read now (no descriptor left) is not taken for empty: it is looked at again later
    return error.errno !== "ENOENT" && error.errno !== "ENODEV";
  }
}

export function createGroupWatch({ addon, poller, turns, lacks }: Base): GroupWatch {
  const groups = new Map<string, Watched>();
  const byWatch = new Map<number, string>();
  /** Groups whose turn to be looked at has not come. */
  const due = new Set<string>();
  let inotify = -1;
  let timer: NodeJS.Timeout | undefined;

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
    if (watched === undefined) return;
    if (watched.directory !== null && populated(addon, watched.directory)) {
      if (watched.watch === NEW) begin(group, watched, watched.directory);
      return;
    }
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
    const without = [...groups].filter(([, { watch }]) => watch === NONE_LEFT);
    for (const [group] of without) lookLater(group);
    if (without.length > 0) return;
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
      return NONE_LEFT;
    }
  };

  const begin = (group: string, watched: Watched, directory: string) => {
    watched.watch = arm(directory);
    if (watched.watch >= 0) byWatch.set(watched.watch, group);
    // it may have become empty before the watch was there
    lookLater(group);
  };

  return {
    add(group, directory, emptied) {
      remove(group);
      groups.set(group, { directory, emptied, watch: NEW });
      lookLater(group);
    },
    remove,
    shut() {
      clearInterval(timer);
      groups.clear();
    },
  };
}
