/** Which seat a device belongs to, as udev's rules say: the rules of assignments, and having udev apply them. */

import { mkdirSync, readdirSync, realpathSync } from "node:fs";
import { isSeatName } from "../core/names.ts";
import type { Addon, NativeUdev, RawDevice } from "./addon.ts";
import { KernelError } from "./kernel.ts";

/** udev looks for new rules only that often. */
const RULES_READ_MS = 3500;
const RULE_FILE = /^72-seat-.*\.rules$/;
/** Characters that mean nothing to the file system, nor to udev's rules. */
const ID = /^[A-Za-z0-9_.:+-]{1,200}$/;

export interface Assignments {
  attach(seat: string, path: string): void;
  flush(): void;
  trigger(path: string): void;
}

/** udev: null where there is none. directory: where the rules go. */
export function createAssignments(
  addon: Addon,
  udev: () => NativeUdev | null,
  directory: string,
): Assignments {
  function triggerAll(paths: readonly string[]): void {
    for (const path of paths) for (const each of withThoseBelow(path)) poke(addon, each);
  }

  return {
    attach(seat, given) {
      const path = below(given);
      const device = udev()?.device(path) ?? null;
      if (!isSeatName(seat)) throw new KernelError("attach", "EINVAL", seat);
      if (!isAssignable(device)) throw new KernelError("attach", "ENODEV", given);
      const id = device.idForSeat;
      mkdirSync(directory, { recursive: true, mode: 0o755 });
      addon.replace(
        `${directory}/72-seat-${id}.rules`,
        `TAG=="seat", ENV{ID_FOR_SEAT}=="${id}", ENV{ID_SEAT}="${seat}"\n`,
      );
      triggerAll([path]);
      later(() => {
        if (udev()?.device(path)?.seat !== seat) triggerAll([path]);
      });
    },
    flush() {
      const rules = rulesIn(directory);
      for (const name of rules) addon.unlink(`${directory}/${name}`);
      const look = () => triggerAll(udev()?.list("seat", "") ?? []);
      look();
      if (rules.length > 0) later(look);
    },
    trigger: (path) => triggerAll([below(path)]),
  };
}

function later(action: () => void): void {
  setTimeout(action, RULES_READ_MS).unref();
}

function isAssignable(device: RawDevice | null): device is RawDevice {
  return device?.tags.includes("seat") === true && ID.test(device.idForSeat);
}

/** The device's own path for one below /sys. */
function below(path: string): string {
  if (!path.startsWith("/sys/")) throw new KernelError("attach", "EINVAL", path);
  try {
    const real = realpathSync(path);
    if (real.startsWith("/sys/")) return real;
  } catch {
    // it is told below
  }
  throw new KernelError("attach", "ENODEV", path);
}

function rulesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => RULE_FILE.test(name));
  } catch {
    return [];
  }
}

/** Devices above come before those below, as udev wants to see them. */
function withThoseBelow(path: string): string[] {
  const found = [path];
  for (const directory of found) {
    for (const entry of entriesOf(directory))
      if (entry.isDirectory()) found.push(`${directory}/${entry.name}`);
  }
  return found;
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // gone meanwhile
  }
}

/** Directories that are no devices have no such file. */
function poke(addon: Addon, path: string): void {
  try {
    addon.write(`${path}/uevent`, "change");
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
  }
}
