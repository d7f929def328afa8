/** Finds the sessionman-run of a user without control groups, and also one that says nothing any more. */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Base } from "./base.ts";

const PROGRAM = /\/sessionman-run( \(deleted\))?$/;
const SIGKILL = 9;

/**
 * Kills every sessionman-run that was started with this argument; answers how many. Who it is, is asked before and
 * held against the process when it is signalled, so that a pid in other hands is left alone.
 */
export function killHolders({ addon }: Base, argument: string): number {
  let killed = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    const pid = Number(name);
    try {
      const { start, inode } = addon.identify(pid).identity;
      if (!isHolder(pid, argument)) continue;
      addon.signalProcess(pid, start, inode, SIGKILL);
      killed += 1;
    } catch {
      // it has ended meanwhile
    }
  }
  return killed;
}

/** Users choose the arguments of programs that become root: the program has to be the right one, and root's own. */
function isHolder(pid: number, argument: string): boolean {
  if (!PROGRAM.test(readlinkSync(`/proc/${pid}/exe`))) return false;
  const ofRoot = /^Uid:\t0\t/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  return ofRoot && readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(argument);
}
