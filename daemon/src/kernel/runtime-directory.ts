/** Runtime directories of the users, as the loop asks for them. */

import { readdirSync } from "node:fs";
import type { Uid } from "../core/model.ts";
import { parseUid } from "../core/names.ts";
import type { Base } from "./base.ts";
import { isDirectory } from "./file-type.ts";
import type { Keeper } from "./keeper.ts";
import { KernelError } from "./kernel.ts";
import type { RuntimePart } from "./parts.ts";
import { clear, ensureParent, isRightMount, type Kind, mountOrGive, take, uncover } from "./runtime-mount.ts";

function messageOf(action: () => string | null): string | null {
  try {
    return action();
  } catch (error) {
    if (error instanceof KernelError) return error.message;
    throw error;
  }
}

export function createRuntimeDirectories(base: Base, keeper: Keeper, parent: string): RuntimePart {
  const { addon } = base;
  /** The mount each user's directory is on: what somebody mounts over it later is not that directory. */
  const mounts = new Map<Uid, number>();
  const pathOf = (uid: Uid) => `${parent}/${uid}`;

  /** The mount of a directory that an earlier daemon made. */
  const adoptMount = (uid: Uid): number | undefined => {
    const status = addon.status(pathOf(uid));
    if (status === null || !isDirectory(status) || status.uid !== uid) return undefined;
    if (status.mountRoot && !isRightMount(addon, status, uid)) return undefined;
    mounts.set(uid, status.mount);
    return status.mount;
  };

  const make = (uid: Uid, gid: number, size: { bytes: number; inodes: number }): Kind => {
    const path = pathOf(uid);
    ensureParent(addon, parent);
    const there = uncover(addon, path, (status) => isRightMount(addon, status, uid));
    if (there?.mountRoot) return "tmpfs";
    const state = there === null ? "free" : clear(addon, path, there, uid);
    if (state === "own") {
      addon.giveDirectory(path, uid, gid);
      return "directory";
    }
    addon.makeDirectory(path, 0o700);
    return mountOrGive(base, path, { uid, gid }, { ...size, covers: state === "foreign" });
  };

  return {
    createRuntimeDirectory(uid, gid, bytes, inodes) {
      const kind = make(uid, gid, { bytes, inodes });
      const status = addon.status(pathOf(uid));
      if (status !== null) mounts.set(uid, status.mount);
      return kind;
    },
    removeRuntimeDirectory(uid, gid, _directory, done) {
      const path = pathOf(uid);
      let gone = false;
      mounts.delete(uid);
      const error = messageOf(() => {
        gone = take(addon, path);
        return null;
      });
      // what the mount covered was somebody else's before, and stays
      if (gone || error !== null || addon.status(path)?.uid !== uid) return void setImmediate(done, error);
      const removeEmptied = () => (take(addon, path) ? null : `rmdir ${path}: ENOTEMPTY`);
      keeper.emptyDirectory(path, uid, gid, (failed) => done(failed ?? messageOf(removeEmptied)));
    },
    runtimeDirectories() {
      let names: string[] = [];
      try {
        names = readdirSync(parent);
      } catch {
        // no user has logged in since the boot
      }
      return names.flatMap((name) => {
        const uid = parseUid(name);
        const status = uid === null ? null : addon.status(pathOf(uid));
        if (uid === null || status === null || !isDirectory(status)) return [];
        const directory: Kind = status.mountRoot ? "tmpfs" : "directory";
        return [{ uid, directory }];
      });
    },
    hasRuntimeSocket(uid, name) {
      if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) return false;
      const mount = mounts.get(uid) ?? adoptMount(uid);
      return mount !== undefined && addon.ownsSocket(pathOf(uid), mount, name, uid);
    },
    runtimeDirectoryPath: pathOf,
  };
}
