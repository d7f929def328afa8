/** Devices by udev's records. */

import { readdirSync, readlinkSync } from "node:fs";
import type { Device } from "../core/seat-model.ts";
import { SEAT0 } from "../core/seats.ts";
import type { Addon, NativeUdev } from "./addon.ts";
import type { DeviceSource } from "./device-source.ts";
import { SUBSYSTEMS } from "./device-table.ts";
import { isBlockDevice, isCharacterDevice } from "./file-type.ts";
import { KernelError } from "./kernel.ts";

/** Its sockets and records: what is there while a udev serves this machine. */
const RECORDS = ["/run/udev/control", "/run/udev/data"] as const;
/** Links to nodes that are there before their devices, and that users of seat0 may have all the same. */
const STATIC_NODES = "/run/udev/static_node-tags/uaccess";
const TAGS = ["seat", "master-of-seat", "uaccess"] as const;

/** A tag that no device has. */
const NO_TAG = "sessionman-has-no-such-tag";

/** null where the machine has no libudev, or one that does not know tags, such as libudev-zero. */
export function openUdev(addon: Addon): NativeUdev | null {
  try {
    const udev = new addon.Udev();
    return udev.list(NO_TAG, "mem").length === 0 ? udev : null;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return null;
  }
}

export function udevServes(addon: Addon): boolean {
  return RECORDS.some((path) => addon.status(path) !== null);
}

export function udevSource(addon: Addon, udev: NativeUdev): DeviceSource {
  return {
    paths: () =>
      new Set([
        ...TAGS.flatMap((tag) => udev.list(tag, "")),
        ...SUBSYSTEMS.flatMap((subsystem) => udev.list("", subsystem)),
      ]),
    device: (path) => udev.device(path),
    numbered: ({ major, minor }) => udev.numbered(major, minor),
    statics: () => staticNodes(addon),
  };
}

function staticNodes(addon: Addon): Device[] {
  let names: string[];
  try {
    names = readdirSync(STATIC_NODES);
  } catch {
    return [];
  }
  return names.flatMap((name) => staticNode(addon, `${STATIC_NODES}/${name}`) ?? []);
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ""; // no link
  }
}

function staticNode(addon: Addon, link: string): Device | null {
  const node = targetOf(link);
  const status = node.startsWith("/dev/") ? addon.status(node) : null;
  if (status === null || !(isCharacterDevice(status) || isBlockDevice(status))) return null;
  const { major, minor } = status;
  return {
    path: `static:${node}`,
    parent: "",
    subsystem: "",
    name: node.slice("/dev/".length),
    node,
    number: { major, minor, block: isBlockDevice(status) },
    seat: SEAT0,
    master: false,
    uaccess: true,
    assignable: false,
    idForSeat: "",
  };
}
