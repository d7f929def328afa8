/** What the configuration asks the machine: how much memory it has, which backends it can use, what auto is there. */

import * as fs from "node:fs";
import { totalmem } from "node:os";
import type { BACKENDS, Machine } from "./kinds.ts";

/** Facts about the machine that some values depend on. */
export interface Facts {
  /** MemTotal: percentages are of this. */
  readonly memoryBytes: number;
  /** Where the backends that come with sessionman are. */
  readonly backends: string;
  readonly auto: Choice;
}

type Name = (typeof BACKENDS)[number];

/** What auto comes to. */
export interface Choice {
  readonly backend: Name | "none";
  /** Completes the sentence "auto is dinit, because …". */
  readonly because: string;
}

/** What can be seen of service managers. */
export interface Signs {
  /** Name of process 1. */
  readonly init: string;
  /** OpenRC has started this system. */
  readonly openrc: boolean;
  installed(program: string): boolean;
  usable(backend: Name): boolean;
}

const INITS: ReadonlyMap<string, Name> = new Map<string, Name>([
  ["dinit", "dinit"],
  ["runit", "runit"],
  ["s6-svscan", "s6"],
  ["openrc-init", "openrc"],
]);

const PROGRAMS: readonly (readonly [program: string, backend: Name])[] = [
  ["dinit", "dinit"],
  ["runsvdir", "runit"],
  ["s6-svscan", "s6"],
  ["openrc", "openrc"],
];

const PLACES = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin"];

/** The service manager that started the system is the one its administrator knows; else any that is there. */
export function chooseBackend(signs: Signs): Choice {
  const ofInit = INITS.get(signs.init);
  if (ofInit !== undefined && signs.usable(ofInit)) {
    return { backend: ofInit, because: `process 1 is ${signs.init}` };
  }
  if (signs.openrc && signs.usable("openrc")) return { backend: "openrc", because: "OpenRC runs" };
  const found = PROGRAMS.find(([program, name]) => signs.installed(program) && signs.usable(name));
  if (found !== undefined) return { backend: found[1], because: `${found[0]} is installed` };
  const programs = PROGRAMS.map(([program]) => program).join(", ");
  return { backend: "none", because: `none of ${programs} is installed, or its backend is not` };
}

/** directory: where the backends are, beside the bundle if not given. */
export function machineFacts(directory = `${import.meta.dirname}/backends`): Facts {
  const auto = chooseBackend({
    init: nameOfInit(),
    openrc: fs.existsSync("/run/openrc"),
    installed: (program) => PLACES.some((place) => isProgram(`${place}/${program}`)),
    usable: (name) => programFault(`${directory}/${name}`, OURS) === undefined,
  });
  return { memoryBytes: totalmem(), backends: directory, auto };
}

/** The path that a name stands for; "" for none. */
export function backendPath(backend: string, facts: Facts): string {
  const name = backend === "auto" ? facts.auto.backend : backend;
  if (name === "none" || name.startsWith("/")) return name === "none" ? "" : name;
  return `${facts.backends}/${name}`;
}

export function machineOf(facts: Facts): Machine {
  return {
    backendFault(backend) {
      const path = backendPath(backend, facts);
      if (path === backend) return programFault(path, FOREIGN);
      const fault = programFault(path, OURS);
      return fault === undefined ? undefined : `stands for ${path}, which ${fault}`;
    },
  };
}

function nameOfInit(): string {
  try {
    return fs.readFileSync("/proc/1/comm", "utf8").trimEnd();
  } catch {
    return ""; // hidden, or no /proc: then what is installed decides
  }
}

function isProgram(path: string): boolean {
  try {
    const stat = fs.statSync(path);
    return stat.isFile() && (stat.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

const WRITABLE_BY_OTHERS = 0o022;

/** Ours are as trustworthy as the daemon beside them; for another one somebody else may have become responsible. */
const OURS = { foreign: false };
const FOREIGN = { foreign: true };

/** Why nobody should run this program for a user, in words that follow its name; undefined if it can be run. */
export function programFault(path: string, { foreign }: { readonly foreign: boolean }): string | undefined {
  try {
    const stat = fs.statSync(path);
    if (!stat.isFile()) return "is not a regular file";
    const owner = foreign ? ownerFault(stat) : undefined;
    return owner ?? ((stat.mode & 0o111) === 0o111 ? undefined : "is not executable for all users");
  } catch (error) {
    return `cannot be found: ${reason(error)}`;
  }
}

/** Why others than root could change what lies there; undefined if they cannot. */
export function ownerFault(stat: fs.Stats): string | undefined {
  if (stat.uid !== 0 && stat.uid !== process.geteuid?.()) {
    return `belongs to user ${stat.uid}: chown root it`;
  }
  if ((stat.mode & WRITABLE_BY_OTHERS) === 0) return undefined;
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
  return `is writable by others (mode ${mode}): chmod go-w it`;
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

const REASONS = new Map([
  ["ENOENT", "there is no such file"],
  ["EACCES", "permission denied"],
  ["ELOOP", "symbolic links go in a circle"],
  ["ENOTDIR", "a part of the path is not a directory"],
  ["EIO", "input/output error"],
]);

export const reason = (error: unknown): string => REASONS.get(errnoOf(error)) ?? errnoOf(error);
