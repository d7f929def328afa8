/** Controllers and the resource limits of slices and scopes. What the system lacks is said once and stops nobody. */

import { totalmem } from "node:os";
import type { Limits } from "../core/configuration.ts";
import type { Base } from "./base.ts";
import { errnoOf } from "./cgroup-tree.ts";

const PAGE = 4096;
const CONTROLLERS = ["memory", "pids", "cpu", "io"];
/** What the kernel's files hold before anybody writes them. */
const DEFAULTS = {
  "memory.max": "max",
  "memory.high": "max",
  "pids.max": "max",
  "cpu.weight": "100",
  "io.weight": "default 100",
} satisfies Required<Limits>;
const KEYS = Object.keys(DEFAULTS) as (keyof Limits)[];

export function offeredControllers({ addon }: Base, group: string): string[] {
  const offered = addon.read(`${group}/cgroup.controllers`, 4096).trim().split(" ");
  return CONTROLLERS.filter((controller) => offered.includes(controller));
}

/** Each by itself: one that is refused must not take the others with it. */
export function enableControllers(
  { addon, lacks }: Base,
  group: string,
  controllers: readonly string[],
): void {
  for (const controller of controllers) {
    try {
      addon.write(`${group}/cgroup.subtree_control`, `+${controller}`);
    } catch (error) {
      lacks(`the ${controller} controller is not available to users: ${errnoOf(error)}`);
    }
  }
}

/** Writes the limits. In a group that is not fresh an absent one goes back to the default. */
export function writeLimits(base: Base, group: string, limits: Limits, fresh: boolean): void {
  for (const key of KEYS) {
    const value = limits[key];
    if (value !== undefined) writeLimit(base, `${group}/${key}`, key, inKernelWords(value));
    else if (!fresh) resetLimit(base, `${group}/${key}`, DEFAULTS[key]);
  }
}

/** A percentage is one of the machine's memory, and never less than a page. */
function inKernelWords(value: string): string {
  if (!value.endsWith("%")) return value;
  return String(Math.max(PAGE, Math.floor((totalmem() / 100) * Number(value.slice(0, -1)))));
}

function writeLimit({ addon, lacks, log }: Base, file: string, key: string, value: string): void {
  try {
    addon.write(file, value);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") lacks(`no ${key} in the control groups: that limit has no effect`);
    else log.warn(`cannot set a limit to ${value}`, { error: (error as Error).message });
  }
}

function resetLimit({ addon }: Base, file: string, value: string): void {
  try {
    addon.write(file, value);
  } catch (error) {
    errnoOf(error); // without the controller there is nothing to reset
  }
}
