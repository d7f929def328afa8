/** Texts of configuration files -> values of all options, or everything that is wrong with them. Pure. */

import type { Machine } from "./kinds.ts";
import { nearest } from "./nearest.ts";
import { type Entries, options, type Row, type Rows, type Section, type Values } from "./options.ts";
import { type Entry, type Node, overlay, type Place, type Problem, quote, type Report } from "./tree.ts";
import { readYaml } from "./yaml.ts";

export interface Source {
  readonly file: string;
  readonly text: string;
}

export type Parsed =
  | { readonly ok: true; readonly values: Values; readonly passedOver: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What becomes of values of the right form that this machine cannot use: passed over, the kind says what holds. */
export type Unusable = "refused" | "passed over";

/** Enough to mend a file by; the rest is counted. */
const MOST_PROBLEMS = 100;
const LONGEST_LIST = 4096;

/** Whom the readers below tell what is wrong, and whom they ask what only the machine knows. */
interface Judge {
  readonly report: Report;
  readonly machine: Machine;
}

const ANY_MACHINE: Machine = { backendFault: () => undefined };

const SILENT: Judge = { report: () => {}, machine: ANY_MACHINE };

const NOTHING: Node = { shape: "map", place: { file: "", line: 0, column: 0 }, entries: [] };

/** Later sources win, key by key. Without a machine only the texts are judged. */
export function parseConfiguration(
  sources: readonly Source[],
  machine = ANY_MACHINE,
  unusable: Unusable = "refused",
): Parsed {
  const judging = unusable === "refused" ? machine : ANY_MACHINE;
  const problems: Problem[] = [];
  let merged: Node = NOTHING;
  for (const { file, text } of sources) {
    const found: Problem[] = [];
    const report: Report = (place, key, message) => found.push({ ...place, key, message });
    const tree = readYaml(file, text, report);
    if (tree) {
      read(options, tree, "", { report, machine: judging });
      merged = overlay(merged, tree);
    }
    problems.push(...inOrder(file, found));
  }
  if (problems.length > 0) return { ok: false, problems };
  // the texts are right: what is reported now is what the machine cannot use of that which holds
  const passedOver: Problem[] = [];
  const report: Report = (place, key, message) => passedOver.push({ ...place, key, message });
  return { ok: true, values: valuesOf(merged, { report, machine }), passedOver };
}

export const defaultValues = (): Values => valuesOf(NOTHING);

// The rows give every value the type that ValueOf derives from them.
const valuesOf = (tree: Node, judge = SILENT): Values => read(options, tree, "", judge) as Values;

function inOrder(file: string, found: Problem[]): Problem[] {
  const sorted = found.sort((a, b) => a.line - b.line || a.column - b.column);
  if (sorted.length <= MOST_PROBLEMS) return sorted;
  const message = `${sorted.length - MOST_PROBLEMS} more problems`;
  return [...sorted.slice(0, MOST_PROBLEMS), { file, line: 0, column: 0, key: "", message }];
}

/** The value of a row; its default where the node is absent or wrong. */
function read(row: Row, node: Node | undefined, key: string, judge: Judge): unknown {
  switch (row.form) {
    case "section":
      return readSection(row, node, key, judge);
    case "entries":
      return readEntries(row, node, key, judge);
    case "list":
      return node === undefined ? row.initial : readList(row, node, key, judge);
    case "value":
      return node === undefined ? row.initial : (readValue(row.kind, node, key, judge) ?? row.initial);
  }
}

const below = (key: string, name: string): string => (key === "" ? name : `${key}.${name}`);

/** The entries of a map; none for a key without value, whose lines may all be commented out. */
function entriesOf(node: Node | undefined, key: string, contents: string, judge: Judge): readonly Entry[] {
  if (node === undefined || isVoid(node)) return [];
  if (node.shape === "map") return node.entries;
  judge.report(node.place, key, `${describe(node)} is not a map of ${contents}`);
  return [];
}

const isVoid = (node: Node): boolean =>
  node.shape === "scalar" && (node.type === "null" || node.type === "refused");

function describe(node: Node): string {
  if (node.shape !== "scalar") return `a ${node.shape}`;
  return node.type === "null" ? "no value" : quote(node.text);
}

function readSection(row: Section<Rows>, node: Node | undefined, key: string, judge: Judge): unknown {
  const given = readMembers(row.members, node, key, judge);
  return Object.fromEntries(
    Object.entries(row.members).map(([name, member]) => [
      name,
      given.has(name) ? given.get(name) : read(member, undefined, below(key, name), judge),
    ]),
  );
}

/** Only what is given, by name. */
function readMembers(members: Rows, node: Node | undefined, key: string, judge: Judge): Map<string, unknown> {
  const names = Object.keys(members);
  const given = new Map<string, unknown>();
  for (const entry of entriesOf(node, key, names.join(", "), judge)) {
    const path = below(key, entry.name);
    const member = Object.hasOwn(members, entry.name) ? members[entry.name] : undefined;
    if (member) given.set(entry.name, read(member, entry.node, path, judge));
    else judge.report(entry.place, path, unknownKey(entry.name, names));
  }
  return given;
}

function unknownKey(name: string, names: readonly string[]): string {
  const meant = nearest(name, names);
  return meant === undefined
    ? `unknown key; the keys here are ${names.join(", ")}`
    : `unknown key; did you mean ${meant}?`;
}

function readEntries(row: Entries<Rows>, node: Node | undefined, key: string, judge: Judge): unknown {
  const values = new Map<string, unknown>();
  for (const { name, place, node: entry } of entriesOf(node, key, "names", judge)) {
    const path = below(key, name);
    if (row.name.read({ shape: "scalar", place, text: name, type: "text" }) === undefined) {
      judge.report(place, path, `${quote(name)} is not ${row.name.allowed}`);
    }
    values.set(name, Object.fromEntries(readMembers(row.members, entry, path, judge)));
  }
  return values;
}

type AnyKind = Extract<Row, { form: "value" }>["kind"];
type AnyList = Extract<Row, { form: "list" }>;

function readList({ kind, fault }: AnyList, node: Node, key: string, judge: Judge): unknown {
  if (node.shape !== "list") {
    if (!isRefused(node))
      judge.report(node.place, key, `${describe(node)} is not a list: write [] or [ONE, TWO]`);
    return [];
  }
  if (node.items.length > LONGEST_LIST) judge.report(node.place, key, `more than ${LONGEST_LIST} items`);
  const items = node.items.map((item, index) => readValue(kind, item, `${key}[${index}]`, judge));
  const wrong = items.includes(undefined) ? undefined : fault?.(items);
  if (wrong !== undefined) judge.report(node.place, key, `the list ${wrong}`);
  return items;
}

const isRefused = (node: Node): boolean => node.shape === "scalar" && node.type === "refused";

function readValue(kind: AnyKind, node: Node, key: string, judge: Judge): unknown {
  if (isRefused(node)) return undefined;
  if (node.shape === "scalar" && node.type !== "null") {
    const value = kind.read(node);
    if (value !== undefined) {
      const fault = kind.fault?.(value, judge.machine);
      if (fault === undefined) return value;
      judge.report(node.place, key, `${describe(node)} ${fault}`);
      return kind.instead;
    }
  }
  const hint = node.shape === "scalar" ? kind.hint?.(node) : undefined;
  judge.report(node.place, key, `${describe(node)} is not ${kind.allowed}${hint ? `: ${hint}` : ""}`);
  return undefined;
}

/** Where a file as a whole is meant. */
export const wholeFile = (file: string): Place => ({ file, line: 0, column: 0 });
