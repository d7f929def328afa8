/** A directory of state files, and somebody who looks at it after each change. */

import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { World } from "../../daemon/src/core/model.ts";
import { STATE_FOLDERS, type StateName, stateFile, stateNames } from "../../daemon/src/store/sd-login.ts";
import { createStateFiles, type StateFiles } from "../../daemon/src/store/sd-login-files.ts";

/** Where the FIFOs of inhibitors would be. */
const FIFOS = "/run/sessionman/inhibitors";

export const fileOf = (world: World, name: StateName): string | null => stateFile(world, name, FIFOS);

export interface Disk {
  readonly directory: string;
  readonly files: StateFiles;
  /** Names of what was written. */
  readonly writes: string[];
  /** Of what was written, after a "+", and of what was removed where that is watched, after a "-". */
  readonly changes: string[];
  /** What was said, each with its level. */
  readonly said: string[];
  /** What somebody who looks after each change finds wrong. */
  readonly wrong: unknown[];
  /** Decides which writes fail. */
  fails: (name: string) => boolean;
  look: () => void;
  /** Nothing is there, and nothing was written or found. */
  clear(): void;
  /** To be told of each path that was removed. */
  unlinked(path: string): void;
}

export function useDisk(): Disk {
  let files: StateFiles | null = null;
  const notice = () => {
    try {
      disk.look();
    } catch (error) {
      disk.wrong.push(error);
    }
  };
  const disk = {
    directory: "",
    writes: [] as string[],
    changes: [] as string[],
    said: [] as string[],
    wrong: [] as unknown[],
    fails: (_name: string): boolean => false,
    look: () => {},
    get files() {
      files ??= createStateFiles({
        directory: disk.directory,
        fifos: FIFOS,
        log: { info: say("info"), warn: say("warn"), error: say("error") },
        writeFile(path, content) {
          const name = path.slice(disk.directory.length + 1);
          if (disk.fails(name)) throw new Error("ENOSPC");
          const temporary = path.replace(/[^/]*$/, ".#$&");
          writeFileSync(temporary, content);
          renameSync(temporary, path);
          disk.writes.push(name);
          disk.changes.push(`+${name}`);
          notice();
        },
      });
      return files;
    },
    clear() {
      files?.close();
      files = null;
      rmSync(disk.directory, { recursive: true, force: true });
      for (const list of [disk.writes, disk.changes, disk.said, disk.wrong]) list.length = 0;
    },
    unlinked(path: string) {
      if (!path.startsWith(`${disk.directory}/`)) return;
      disk.changes.push(`-${path.slice(disk.directory.length + 1)}`);
      notice();
    },
  };
  const say = (level: string) => (message: string) => void disk.said.push(`${level}: ${message}`);

  beforeEach(() => {
    disk.directory = join(mkdtempSync(join(tmpdir(), "sessionman-sd-login-")), "systemd");
    disk.fails = () => false;
    disk.look = () => {};
  });
  afterEach(() => {
    disk.clear();
    vi.useRealTimers();
    rmSync(join(disk.directory, ".."), { recursive: true });
  });
  return disk;
}

/** What lies in the directories that are ours. */
export function onDisk({ directory }: Disk): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of STATE_FOLDERS)
    for (const name of readdirSync(`${directory}/${folder}`))
      found.set(`${folder}/${name}`, readFileSync(`${directory}/${folder}/${name}`, "utf8"));
  return found;
}

export function expected(world: World): Map<string, string | null> {
  return new Map(stateNames(world).map((name) => [name, fileOf(world, name)]));
}

function value(content: string, key: string): string {
  return new RegExp(`^${key}=(.*)$`, "m").exec(content)?.[1] ?? "";
}

/** No list names a session without a file, no seat shows two sessions, and udev has both halves or none. */
export function expectSound(disk: Disk): void {
  const found = onDisk(disk);
  const active: string[] = [];
  for (const [name, content] of found) {
    if (name.startsWith("inhibit/")) continue;
    if (name.startsWith("sessions/")) {
      if (value(content, "SEAT") === "seat0" && value(content, "ACTIVE") === "1") active.push(name);
      continue;
    }
    for (const key of [
      "SESSIONS",
      "ACTIVE_SESSIONS",
      "ONLINE_SESSIONS",
      name === "seats/seat0" ? "ACTIVE" : "DISPLAY",
    ])
      for (const id of value(content, key).split(" ").filter(Boolean))
        expect(found.has(`sessions/${id}`), `${name} names ${id} by ${key}`).toBe(true);
    if (name === "seats/seat0")
      expect(value(content, "ACTIVE") === "").toBe(value(content, "ACTIVE_UID") === "");
  }
  expect(active.length, active.join()).toBeLessThan(2);
}

/** What a file lets its reader allow: to whom udev gives devices, whom polkit takes for active and local. */
function grant(name: string, content: string): string {
  if (name.startsWith("seats/")) return value(content, "ACTIVE_UID");
  if (name.startsWith("inhibit/")) return "";
  if (name.startsWith("users/")) return value(content, "STATE") === "active" ? "active" : "";
  return value(content, "ACTIVE") === "1" ? value(content, "SEAT") : "";
}

/** No file grants what the World does not. */
export function expectNothingStale(disk: Disk, world: World): void {
  for (const [name, content] of onDisk(disk))
    if (grant(name, content) !== "")
      expect(grant(name, fileOf(world, name as StateName) ?? ""), name).toBe(grant(name, content));
}
