/** Configuration files: the main one and those in the directory beside it. */

import { isUtf8 } from "node:buffer";
import * as fs from "node:fs";
import { errnoOf, type Facts, machineFacts, machineOf, ownerFault, reason } from "./machine.ts";
import { parseConfiguration, type Source, type Unusable, wholeFile } from "./parse.ts";
import { type Settings, toSettings } from "./settings.ts";
import { formatProblem, type Problem } from "./tree.ts";

export type Loaded =
  | { readonly ok: true; readonly settings: Settings; readonly passedOver: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const LARGEST_FILE = 1024 * 1024;
const MOST_FILES = 256;

class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

const refuse = (file: string, message: string, place = wholeFile(file)): Refusal =>
  new Refusal({ ...place, key: "", message });

/** Reads FILE and FILE.d/*.yaml in the order of their names. Without a main file the defaults are the base. */
export function loadConfiguration(file: string, facts: Facts, unusable: Unusable = "refused"): Loaded {
  const problems: Problem[] = [];
  const sources: Source[] = [];
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(error.problem);
      return undefined;
    }
  };
  const names = attempt(() => dropIns(`${file}.d`)) ?? [];
  for (const name of [file, ...names]) {
    const text = attempt(() => readText(name, name === file));
    if (text !== undefined) sources.push({ file: name, text });
  }
  const parsed = parseConfiguration(sources, machineOf(facts), unusable);
  if (!parsed.ok) problems.push(...parsed.problems);
  if (!parsed.ok || problems.length > 0) return { ok: false, problems };
  return { ok: true, settings: toSettings(parsed.values, facts), passedOver: parsed.passedOver };
}

/** For --check-config: says what is wrong, or that nothing is. Returns the exit code. */
export function checkConfiguration(file: string): number {
  const loaded = loadConfiguration(file, machineFacts());
  if (!loaded.ok) {
    fs.writeSync(2, loaded.problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
    return 1;
  }
  fs.writeSync(1, fs.existsSync(file) ? `${file}: ok\n` : `${file}: ok (there is no such file: defaults)\n`);
  return 0;
}

function dropIns(directory: string): string[] {
  try {
    const names = fs.readdirSync(directory).filter((name) => name.endsWith(".yaml") && !name.startsWith("."));
    if (names.length > MOST_FILES) throw refuse(directory, `more than ${MOST_FILES} files`);
    checkOwner(directory, fs.statSync(directory));
    return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => `${directory}/${name}`);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error instanceof Refusal ? error : refuse(directory, `cannot be read: ${reason(error)}`);
  }
}

/** undefined: the main file is not there. */
function readText(file: string, mayBeAbsent: boolean): string | undefined {
  const fd = open(file, mayBeAbsent);
  if (fd === undefined) return undefined;
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) throw refuse(file, stat.isDirectory() ? "is a directory" : "is not a regular file");
    checkOwner(file, stat);
    return decode(file, readBytes(file, fd));
  } catch (error) {
    throw error instanceof Refusal ? error : refuse(file, `cannot be read: ${reason(error)}`);
  } finally {
    fs.closeSync(fd);
  }
}

/** Not blocking, because the path may lead to a FIFO. */
function open(file: string, mayBeAbsent: boolean): number | undefined {
  try {
    return fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw refuse(file, `cannot be read: ${reason(error)}`);
    const dangling = fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink();
    if (dangling) throw refuse(file, "is a symbolic link to nothing");
    if (mayBeAbsent) return undefined;
    throw refuse(file, "went away while the configuration was read");
  }
}

/** Who can write it decides what root does. */
function checkOwner(path: string, stat: fs.Stats): void {
  const fault = ownerFault(stat);
  if (fault !== undefined) throw refuse(path, fault);
}

function readBytes(file: string, fd: number): Buffer {
  const bytes = Buffer.allocUnsafe(LARGEST_FILE + 1);
  let length = 0;
  for (let count = -1; count !== 0 && length < bytes.length; length += count) {
    count = fs.readSync(fd, bytes, length, bytes.length - length, null);
  }
  if (length > LARGEST_FILE) throw refuse(file, `is larger than ${LARGEST_FILE} bytes`);
  return bytes.subarray(0, length);
}

function decode(file: string, bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8").replace(/^\uFEFF/, "");
  let line = 1;
  let start = 0;
  // No byte of a longer character is a newline, so each line can be judged by itself.
  for (let end = bytes.indexOf(10); end !== -1 && isUtf8(bytes.subarray(start, end)); line++) {
    start = end + 1;
    end = bytes.indexOf(10, start);
  }
  const end = bytes.indexOf(10, start);
  const column = bytes.toString("utf8", start, end === -1 ? bytes.length : end).indexOf("\uFFFD") + 1;
  throw refuse(file, "is not UTF-8 text", { file, line, column });
}
