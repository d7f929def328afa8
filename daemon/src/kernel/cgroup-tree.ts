/** Control groups below our root: walking them, and what is in them. Paths given begin below the root. */

import { readdirSync } from "node:fs";
import type { Addon } from "./addon.ts";
import type { CgroupRoot } from "./cgroup-root.ts";
import { KernelError, type ProcessLine } from "./kernel.ts";

/** Groups walked and processes listed at most: a user may have made any number of them. */
const MOST_GROUPS = 4096;
export const MOST_PROCESSES = 16_384;
/** Passes over a group whose processes fork while they are killed one by one. */
const KILL_PASSES = 16;
const SIGKILL = 9;
const PROCS_LIMIT = 1024 * 1024;

export function errnoOf(error: unknown): string {
  if (error instanceof KernelError) return error.errno;
  throw error;
}

export class CgroupTree {
  readonly #addon: Addon;
  readonly #root: CgroupRoot;

  constructor(addon: Addon, root: CgroupRoot) {
    this.#addon = addon;
    this.#root = root;
  }

  /** Names of the groups directly in one; none if it has gone. */
  names(path: string): string[] {
    try {
      return readdirSync(this.#root.path + path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name);
    } catch {
      return [];
    }
  }

  /** The group and those below it, each before its own children. */
  groups(top: string): string[] {
    const groups = [top];
    for (let i = 0; i < groups.length && groups.length < MOST_GROUPS; i += 1)
      for (const name of this.names(groups[i] as string)) groups.push(`${groups[i]}/${name}`);
    return groups;
  }

  pids(path: string): number[] {
    try {
      const text = this.#addon.read(`${this.#root.path}${path}/cgroup.procs`, PROCS_LIMIT);
      // a process of another pid namespace is listed as 0
      return text.split("\n").map(Number).filter(Boolean);
    } catch (error) {
      errnoOf(error);
      return [];
    }
  }

  /** Signals each process of the group and those below; answers how many got it. */
  signal(top: string, signal: number, except: number): number {
    let sent = 0;
    for (const group of this.groups(top))
      for (const pid of this.pids(group)) if (pid !== except && this.#signalOne(top, pid, signal)) sent += 1;
    return sent;
  }

  #signalOne(top: string, pid: number, signal: number): boolean {
    try {
      return this.#addon.signalMember(pid, this.#root.prefix + top, signal);
    } catch (error) {
      if (errnoOf(error) === "ESRCH") return false;
      throw error;
    }
  }

  /** Kills all processes of the group and those below; nothing if it is gone. */
  kill(top: string): void {
    try {
      this.#addon.write(`${this.#root.path}${top}/cgroup.kill`, "1");
    } catch (error) {
      // a kernel before 5.14, or no such group
      if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENODEV") throw error;
      for (let pass = 0; pass < KILL_PASSES && this.#killEach(top) > 0; pass += 1);
    }
  }

  #killEach(top: string): number {
    const members = this.#addon.groupMembers(this.#root.path + top);
    return members.filter((pid) => this.#signalOne(top, pid, SIGKILL)).length;
  }

  /** Removes the groups that are empty, the deepest first; false if one was not. */
  remove(top: string): boolean {
    return this.#addon.removeGroups(this.#root.path + top, MOST_GROUPS) === -1;
  }

  lines(top: string): ProcessLine[] {
    const lines: ProcessLine[] = [];
    for (const group of this.groups(top))
      for (const pid of this.pids(group)) {
        const line = lines.length < MOST_PROCESSES ? this.#line(pid, group.slice(top.length + 1)) : null;
        if (line !== null) lines.push(line);
      }
    return lines;
  }

  /**
   * The name, not the command line: that lies in memory of the process, and reading it waits for ever where the
   * process has arranged so (a mapped file of a FUSE mount, userfaultfd).
   */
  #line(pid: number, cgroup: string): ProcessLine | null {
    try {
      const stat = this.#addon.read(`/proc/${pid}/stat`, 4096);
      const end = stat.lastIndexOf(")");
      const name = stat.slice(stat.indexOf("(") + 1, end);
      const parent = Number(stat.slice(end + 2).split(" ", 2)[1]);
      return { pid, parent, command: name.replace(/[^\x20-\x7e]/g, "?"), cgroup };
    } catch (error) {
      errnoOf(error);
      return null; // it has ended
    }
  }
}
