/** Takes over who lingers from the lists of other programs: directories with an empty file named after each user. */

import { type Dirent, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { CommandError, EXIT, usageError } from "./failure.ts";
import { json, printable } from "./text.ts";
import type { Context } from "./verb.ts";

const lists: ReadonlyMap<string, string> = new Map([
  ["turnstile", "/var/lib/turnstiled/linger"],
  ["elogind", "/var/lib/elogind/linger"],
  ["systemd", "/var/lib/systemd/linger"],
]);

interface Outcome {
  readonly list: string;
  readonly name: string;
  readonly uid: number | null;
  readonly result: "enabled" | "would-enable" | "already" | "no-such-user" | "not-a-file" | "failed";
}

const words: Readonly<Record<Outcome["result"], string>> = {
  enabled: "lingers now",
  "would-enable": "would linger",
  already: "lingers already",
  "no-such-user": "there is no such user: skipped",
  "not-a-file": "not a regular file: skipped",
  failed: "failed",
};

/** The lists themselves are only read. */
export async function importLists(
  operands: readonly string[],
  dryRun: boolean,
  context: Context,
): Promise<number> {
  const paths = operands.length > 0 ? operands.map(pathOf) : [...lists.values()];
  if (process.geteuid?.() !== 0) {
    throw new CommandError("cannot import lists of lingering users: only root may do this", EXIT.refused);
  }
  const { users } = await context.client.call("ListLinger", {}, "list the lingering users");
  const known = new Set(users.map(({ uid, name }) => `${uid} ${name}`));
  const outcomes: Outcome[] = [];
  let status: number = EXIT.ok;
  for (const list of paths) {
    const entries = read(list, operands.length > 0, context);
    if (entries === null) status = EXIT.refused;
    for (const entry of entries ?? []) {
      const outcome = await take(list, entry, known, dryRun, context);
      outcomes.push(outcome);
      if (outcome.result === "failed") status = EXIT.refused;
    }
  }
  show(outcomes, paths, context);
  return status;
}

function pathOf(operand: string): string {
  const path = lists.get(operand);
  if (path !== undefined) return path;
  if (operand.includes("/")) return resolve(operand);
  const names = [...lists.keys()].join(", ");
  throw usageError(`there is no list ${printable(operand)}: ${names}, or a path with a /`);
}

/** What is in the list, by name; null for one that cannot be read. */
function read(list: string, asked: boolean, context: Context): Dirent[] | null {
  try {
    return readdirSync(list, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!asked && code === "ENOENT") return [];
    context.warn(`cannot read ${printable(list)}: ${code ?? message}`);
    return null;
  }
}

async function take(
  list: string,
  entry: Dirent,
  known: Set<string>,
  dryRun: boolean,
  context: Context,
): Promise<Outcome> {
  if (!entry.isFile()) return { list, name: entry.name, uid: null, result: "not-a-file" };
  const { name, uid } = find(entry.name, context);
  if (uid === null) return { list, name, uid, result: "no-such-user" };
  if (known.has(`${uid} ${name}`)) return { list, name, uid, result: "already" };
  const lingers = dryRun || (await enable(name, uid, context));
  if (!lingers) return { list, name, uid, result: "failed" };
  known.add(`${uid} ${name}`);
  return { list, name, uid, result: dryRun ? "would-enable" : "enabled" };
}

/** A file is named as its user is, or, by elogind and systemd, with the unusual characters of the name escaped. */
function find(file: string, context: Context): { name: string; uid: number | null } {
  const plain = unescapeName(file);
  const uid = context.lookUp(plain);
  if (uid !== null || plain === file) return { name: plain, uid };
  const literal = context.lookUp(file);
  return { name: literal === null ? plain : file, uid: literal };
}

const letters: ReadonlyMap<string, string> = new Map(
  Object.entries({ a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }),
);

/** \xHH and \OOO are bytes; a backslash before anything else is that, or the control character that C means by it. */
export function unescapeName(file: string): string {
  const bytes = Buffer.from(file, "utf8").toString("latin1");
  const plain = bytes.replace(
    /\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|([\s\S]))/g,
    (_all, hex?: string, octal?: string, letter = "") => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return letters.get(letter) ?? letter;
    },
  );
  return Buffer.from(plain, "latin1").toString("utf8");
}

async function enable(name: string, uid: number, context: Context): Promise<boolean> {
  try {
    const what = `turn lingering on for user ${printable(name)}`;
    await context.client.call("SetLinger", { uid, enabled: true }, what);
    return true;
  } catch (error) {
    if (!(error instanceof CommandError) || error.status === EXIT.unreachable) throw error;
    context.warn(error.message);
    return false;
  }
}

function show(outcomes: readonly Outcome[], paths: readonly string[], context: Context): void {
  if (context.json) return context.print([json(outcomes, 2)]);
  context.print(
    paths.flatMap((list) => {
      const lines = outcomes
        .filter((outcome) => outcome.list === list)
        .map(({ name, uid, result }) => {
          const id = uid === null ? "" : ` (${uid})`;
          return `  ${printable(name)}${id}: ${words[result]}`;
        });
      return lines.length > 0 ? [`${printable(list)}:`, ...lines] : [];
    }),
  );
  if (outcomes.length === 0) context.warn(`nobody to import in ${paths.map(printable).join(", ")}`);
}
