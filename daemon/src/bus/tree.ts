/** A tree of objects from fixed paths and folders whose content is asked for at call time. */

import type { Caller } from "./call.ts";
import type { BusObject, Tree } from "./table.ts";

export interface Folder {
  /** The object of that name (the last part of its path, still escaped), null if there is none for this caller. */
  object(name: string, caller: Caller): BusObject | null;
  /** Names of all of them, as introspection shows them to this caller. */
  names(caller: Caller): Iterable<string>;
}

/** Paths above the given ones exist without an object of their own. */
export function createTree(
  objects: ReadonlyMap<string, () => BusObject>,
  folders: ReadonlyMap<string, Folder>,
): Tree {
  const above = new Map<string, Set<string>>();
  for (const path of [...objects.keys(), ...folders.keys()]) addParents(above, path);
  return {
    object(path, caller) {
      const fixed = objects.get(path);
      if (fixed !== undefined) return fixed();
      const cut = path.lastIndexOf("/");
      return folders.get(path.slice(0, cut))?.object(path.slice(cut + 1), caller) ?? null;
    },
    children(path, caller) {
      const own = above.get(path) ?? [];
      return [...own, ...(folders.get(path)?.names(caller) ?? [])];
    },
  };
}

function addParents(above: Map<string, Set<string>>, path: string): void {
  for (
    let cut = path.lastIndexOf("/"), end = path.length;
    cut >= 0;
    end = cut, cut = path.lastIndexOf("/", cut - 1)
  ) {
    const parent = cut === 0 ? "/" : path.slice(0, cut);
    const names = above.get(parent) ?? new Set();
    above.set(parent, names.add(path.slice(cut + 1, end)));
    if (cut === 0) return;
  }
}
