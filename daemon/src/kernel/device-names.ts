/** Names of devices that a client gave. Only names in /dev are followed: elsewhere a user's file system may answer. */

import { readlinkSync } from "node:fs";
import { posix } from "node:path";
import type { DeviceNumber } from "../core/seat-model.ts";
import type { Addon, Status } from "./addon.ts";
import { isCharacterDevice, isDirectory, isLink } from "./file-type.ts";
import { KernelError } from "./kernel.ts";

const DEVICES = "/dev";
const LINKS = 40;

/**
 * The numbers of the character device that the name stands for, links followed; null for anything else, and for names
 * that lead out of the directory of devices or into another file system there. Throws what realpath throws.
 */
export function numberOfNode(addon: Addon, path: string): DeviceNumber | null {
  const mount = addon.status(DEVICES)?.mount;
  let left = inDevices(path);
  let at = DEVICES;
  let links = 0;
  let status: Status | null = null;
  while (left !== null && left.length > 0) {
    const [name = "", ...rest] = left;
    status = addon.status(`${at}/${name}`);
    if (status === null) throw new KernelError("realpath", "ENOENT", path);
    if (status.mount !== mount) return null;
    if (isLink(status)) {
      links += 1;
      if (links > LINKS) throw new KernelError("realpath", "ELOOP", path);
      left = inDevices(posix.join(posix.resolve(at, readlinkSync(`${at}/${name}`)), ...rest));
      at = DEVICES;
      continue;
    }
    if (rest.length > 0 && !isDirectory(status)) throw new KernelError("realpath", "ENOTDIR", path);
    at = `${at}/${name}`;
    left = rest;
  }
  if (left === null || status === null || !isCharacterDevice(status)) return null;
  return { major: status.major, minor: status.minor };
}

/** What follows the directory of devices; null for a name that is elsewhere. */
function inDevices(path: string): string[] | null {
  if (!path.startsWith("/")) return null;
  const [, first, ...names] = posix.normalize(path).split("/");
  return first === "dev" ? names.filter((name) => name !== "") : null;
}
