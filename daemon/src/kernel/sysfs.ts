/**
 * Devices of a machine without udev, by /sys: all of them are on seat0, and of the tags only those are given that the
 * usual rules give by subsystem and name alone.
 */

import { readdirSync, readFileSync, realpathSync } from "node:fs";
import type { RawDevice } from "./addon.ts";
import type { DeviceSource } from "./device-source.ts";
import { SUBSYSTEMS } from "./device-table.ts";

/** Subsystem, names, tags. */
const RULES: readonly (readonly [string, RegExp, readonly string[]])[] = [
  ["drm", /^card[0-9]+$/, ["seat", "master-of-seat", "uaccess"]],
  ["drm", /^renderD[0-9]+$/, ["uaccess"]],
  ["graphics", /^fb0$/, ["seat", "master-of-seat"]],
  ["graphics", /^fb[1-9][0-9]*$/, ["seat"]],
  ["input", /^input[0-9]+$/, ["seat"]],
  ["sound", /^card[0-9]+$/, ["seat"]],
  ["sound", /^(controlC|pcmC|midiC|hwC)[0-9D]+[pc]?$|^(timer|seq)$/, ["uaccess"]],
];

export const sysfsSource: DeviceSource = {
  paths: () =>
    [...SUBSYSTEMS, "sound"].flatMap((subsystem) => {
      const directory = `/sys/class/${subsystem}`;
      return namesIn(directory).flatMap((name) => resolve(`${directory}/${name}`) ?? []);
    }),
  device: readDevice,
  numbered: ({ major, minor }) => readDevice(`/sys/dev/char/${major}:${minor}`),
  statics: () => [],
};

function readDevice(name: string): RawDevice | null {
  const path = resolve(name);
  const subsystem = resolve(`${name}/subsystem`);
  if (path === null || subsystem === null) return null;
  const facts = readFacts(`${path}/uevent`);
  const raw = {
    path,
    subsystem: basename(subsystem),
    name: basename(path),
    node: facts.has("DEVNAME") ? `/dev/${facts.get("DEVNAME")}` : "",
    major: Number(facts.get("MAJOR") ?? 0),
    minor: Number(facts.get("MINOR") ?? 0),
    block: basename(subsystem) === "block",
  };
  const rule = RULES.find(([of, names]) => of === raw.subsystem && names.test(raw.name));
  return { ...raw, initialized: true, seat: "", idForSeat: "", tags: rule?.[2] ?? [] };
}

function readFacts(path: string): Map<string, string> {
  try {
    const lines = readFileSync(path, "latin1").split("\n");
    return new Map(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  } catch {
    return new Map(); // gone meanwhile
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function resolve(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
