/**
 * The names of runtime directories: making, uncovering, clearing and removing one. Every path here ends in a name
 * within the parent, which belongs to root; nothing is opened, listed or removed by path below a user's directory.
 */

import type { Uid } from "../core/model.ts";
import type { Addon, Status } from "./addon.ts";
import type { Base } from "./base.ts";
import { isDirectory } from "./file-type.ts";
import { KernelError } from "./kernel.ts";
import { MOUNTINFO, MOUNTINFO_LIMIT, mountById } from "./mountinfo.ts";

export type Kind = "tmpfs" | "directory";

export interface Owner {
  readonly uid: Uid;
  readonly gid: number;
}

const PERMISSIONS = 0o7777;
const WRITABLE_BY_OTHERS = 0o022;
/** Mounts that are taken off one name. */
const MOST_LAYERS = 16;
/** Errors that mean: this system does not let us mount. */
const NO_MOUNTING: ReadonlySet<string> = new Set(["EPERM", "EACCES", "ENODEV", "ENOSYS"]);

export function ensureParent(addon: Addon, parent: string): void {
  if (addon.makeDirectory(parent, 0o755)) return;
  const status = addon.status(parent);
  if (status === null || !isDirectory(status)) throw new KernelError("mkdir", "ENOTDIR", parent);
  if (status.uid !== 0 || (status.mode & WRITABLE_BY_OTHERS) !== 0)
    throw new KernelError("mkdir", "EPERM", `${parent} (others than root may write there)`);
}

/** A mount as we make it, whether this daemon or an earlier one did. */
export function isRightMount(addon: Addon, status: Status, uid: Uid): boolean {
  if (status.uid !== uid || (status.mode & PERMISSIONS) !== 0o700) return false;
  const mount = mountById(addon.read(MOUNTINFO, MOUNTINFO_LIMIT), status.mount);
  if (mount === null || mount.type !== "tmpfs") return false;
  return mount.options.includes("nosuid") && mount.options.includes("nodev");
}

/** Takes off what is mounted there, down to the first layer that may stay. */
export function uncover(addon: Addon, path: string, mayStay: (status: Status) => boolean): Status | null {
  for (let layer = 0; layer <= MOST_LAYERS; layer += 1) {
    const status = addon.status(path);
    if (status === null || !status.mountRoot || mayStay(status)) return status;
    addon.detach(path);
  }
  throw new KernelError("umount2", "EBUSY", path);
}

/**
 * Makes the name free for a new directory. "own": a plain one of the user's is in use and stays. "foreign": another
 * one holds files, from a start script or an earlier tool; a mount covers it, nothing else may be made of it.
 */
export function clear(addon: Addon, path: string, status: Status, uid: Uid): "free" | "own" | "foreign" {
  if (!isDirectory(status)) throw new KernelError("mkdir", "ENOTDIR", path);
  const result = addon.removeDirectory(path);
  if (result === "" || result === "ENOENT") return "free";
  if (status.uid === uid) return "own";
  if (result === "ENOTEMPTY") return "foreign";
  throw new KernelError("rmdir", result, path);
}

export function mountOrGive(
  base: Base,
  path: string,
  owner: Owner,
  size: { bytes: number; inodes: number; covers: boolean },
): Kind {
  const { addon, lacks } = base;
  try {
    addon.mountTmpfs(path, owner.uid, owner.gid, size.bytes, size.inodes);
    return "tmpfs";
  } catch (error) {
    if (size.covers || !(error instanceof KernelError) || !NO_MOUNTING.has(error.errno)) {
      addon.removeDirectory(path);
      throw error;
    }
    lacks(`mount is not permitted (${error.errno}): runtime directories are plain ones without a size limit`);
    addon.giveDirectory(path, owner.uid, owner.gid);
    return "directory";
  }
}

/** Detaches and removes; false if what is left is not empty. */
export function take(addon: Addon, path: string): boolean {
  const status = uncover(addon, path, () => false);
  if (status === null) return true;
  if (!isDirectory(status)) throw new KernelError("rmdir", "ENOTDIR", path);
  const result = addon.removeDirectory(path);
  if (result === "EBUSY") throw new KernelError("rmdir", result, path);
  return result !== "ENOTEMPTY";
}
