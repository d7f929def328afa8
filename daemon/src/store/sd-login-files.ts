/**
 * The state files on disk. What a session's end takes away is written first, what names a session after its own file,
 * and a file goes after the last that names it: whoever reads between two writes finds too little, never too much.
 */

import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import type { World } from "../core/model.ts";
import type { LogPort } from "../loop/ports.ts";
import { changedNames, STATE_FOLDERS, type StateName, stateFile, stateNames } from "./sd-login.ts";

/** Watched or made use of by readers whether or not anything is in them. Never system: it would say who is process 1. */
const FOLDERS = [...STATE_FOLDERS, "machines"];

const RETRY_MS = 1000;
/** Where this many could not be written the rest would not be, either. */
const FAILURES_IN_A_ROW = 8;

export interface StateFiles {
  /** Brings the files from one World to the next; the first time to that World from whatever is there. */
  published(before: World, after: World): void;
  /** Brings the file of the seat to that World before the others. */
  foreground(world: World, seat: string): void;
  /** Stops trying. */
  close(): void;
}

interface StateFilesOptions {
  /** /run/systemd */
  readonly directory: string;
  /** Where the FIFOs of inhibitors are. */
  readonly fifos: string;
  readonly writeFile: (path: string, content: string) => void;
  readonly log: LogPort;
}

export function createStateFiles(options: StateFilesOptions): StateFiles {
  return new Directory(options);
}

class Directory implements StateFiles {
  readonly #options: StateFilesOptions;
  /** What each file holds; null: something of an earlier daemon's. */
  readonly #written = new Map<StateName, string | null>();
  /** Files that could not be brought up to date, the longest untried first. */
  readonly #dirty = new Set<StateName>();
  #world: World | null = null;
  #retry: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(options: StateFilesOptions) {
    this.#options = options;
  }

  published(before: World, after: World): void {
    const first = this.#world === null;
    this.#world = after;
    if (first) return this.#begin(after);
    const changed = changedNames(before, after);
    this.#bring(after, this.#dirty.size === 0 ? changed : [...new Set([...this.#dirty, ...changed])]);
  }

  /** Who gives devices to users by it, as udev's own helper does, reads no other. */
  foreground(world: World, seat: string): void {
    if (this.#world === null) return this.published(world, world);
    const name: StateName = `seats/${seat}`;
    const content = stateFile(world, name, this.#options.fifos);
    if (content === null || this.#written.get(name) === content) return;
    this.#write({ name, content }, true);
    this.#lookAfterDirty();
  }

  close(): void {
    clearTimeout(this.#retry);
  }

  /** Nothing is known of what is there: strangers go, and everything is written. */
  #begin(world: World): void {
    const names = stateNames(world);
    this.#written.clear();
    for (const folder of FOLDERS) this.#attempt("make", folder, () => makeFolder(this.#path(folder)));
    for (const folder of STATE_FOLDERS) this.#sweep(folder, new Set(names));
    this.#bring(world, names);
  }

  #sweep(folder: string, names: ReadonlySet<StateName>): void {
    this.#attempt("read", folder, () => {
      for (const entry of readdirSync(this.#path(folder), { withFileTypes: true })) {
        const name = `${folder}/${entry.name}`;
        if (entry.isFile() && isOneOf(names, name)) this.#written.set(name, null);
        else
          this.#attempt("remove", name, () =>
            (entry.isDirectory() ? rmdirSync : unlinkSync)(this.#path(name)),
          );
      }
    });
  }

  #bring(world: World, names: readonly StateName[]): void {
    const due: Due[] = [];
    const gone: StateName[] = [];
    for (const name of names) {
      const content = stateFile(world, name, this.#options.fifos);
      if (content === null) gone.push(name);
      else if (this.#written.get(name) !== content) due.push({ name, content });
      else this.#dirty.delete(name);
    }
    if (due.length > 1) due.sort(inWritingOrder);
    // users first, whose files name sessions; but before anything else what somebody else is to have now
    if (gone.length > 1) gone.sort((one, other) => folderOrder(other) - folderOrder(one));
    for (const name of gone) if (this.#granted(name) !== "") this.#remove(name);
    let failures = 0;
    for (const each of due) if (!this.#write(each, failures < FAILURES_IN_A_ROW)) failures += 1;
    for (const name of gone) this.#remove(name);
    this.#lookAfterDirty();
  }

  #write({ name, content }: Due, sensible: boolean): boolean {
    const done =
      sensible && this.#attempt("write", name, () => this.#options.writeFile(this.#path(name), content));
    this.#dirty.delete(name);
    if (done) {
      this.#written.set(name, content);
      return true;
    }
    this.#failing = true;
    // what it grants must not outlive its reason, and there is always room for a removal
    const stale = this.#granted(name);
    if (stale !== "" && stale !== grantOf(name, content)) this.#remove(name);
    this.#dirty.add(name);
    return false;
  }

  #granted(name: StateName): string {
    const content = this.#written.get(name);
    return content === null ? "anything" : grantOf(name, content ?? "");
  }

  #remove(name: StateName): void {
    const gone = !this.#written.has(name) || this.#attempt("remove", name, () => erase(this.#path(name)));
    if (gone) this.#written.delete(name);
    this.#failing ||= !gone;
    this.#dirty[gone ? "delete" : "add"](name);
  }

  #lookAfterDirty(): void {
    if (this.#dirty.size > 0) {
      this.#retry ??= setTimeout(() => this.#tryAgain(), RETRY_MS).unref();
      return;
    }
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#failing)
      this.#options.log.info(`the files below ${this.#options.directory} are complete again`);
    this.#failing = false;
  }

  #tryAgain(): void {
    this.#retry = undefined;
    if (this.#world === null) return;
    if (STATE_FOLDERS.every((folder) => existsSync(this.#path(folder))))
      this.#bring(this.#world, [...this.#dirty]);
    else this.#begin(this.#world);
  }

  /** While writing fails nothing more is said of it. */
  #attempt(what: string, name: string, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (!this.#failing) this.#options.log.error(`cannot ${what} ${this.#path(name)}: ${textOf(error)}`);
      return false;
    }
  }

  #path(name: string): string {
    return `${this.#options.directory}/${name}`;
  }
}

interface Due {
  readonly name: StateName;
  readonly content: string;
}

/** One folder after the other; in each those that grant something after those that do not. */
function inWritingOrder(one: Due, other: Due): number {
  return folderOrder(one.name) - folderOrder(other.name) || Number(grants(one)) - Number(grants(other));
}

function grants({ name, content }: Due): boolean {
  return grantOf(name, content) !== "";
}

function folderOrder(name: StateName): number {
  return STATE_FOLDERS.indexOf(folderOf(name));
}

function folderOf(name: StateName): (typeof STATE_FOLDERS)[number] {
  return name.slice(0, name.indexOf("/")) as (typeof STATE_FOLDERS)[number];
}

/** What makes polkit allow, or udev give, something to somebody; "" if nothing in the file does. */
function grantOf(name: StateName, content: string): string {
  switch (folderOf(name)) {
    case "sessions":
      return content.includes("\nACTIVE=1\n") && content.includes("\nSEAT=") ? "on its seat" : "";
    case "seats":
      return /^ACTIVE_UID=.*$/m.exec(content)?.[0] ?? "";
    case "users":
      return content.includes("\nSTATE=active\n") ? "active" : "";
    case "inhibit":
      return "";
  }
}

function isOneOf(names: ReadonlySet<string>, name: string): name is StateName {
  return names.has(name);
}

function erase(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  chmodSync(path, 0o755);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
