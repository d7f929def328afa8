/** A configuration file as plain data: every value knows where it was written. */

export interface Place {
  readonly file: string;
  /** From 1; 0 when the file as a whole is meant. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count them; 0 with line 0. */
  readonly column: number;
}

export interface Problem extends Place {
  /** Path of the key, such as "limits.users.alice.pids_max"; "" when no key is concerned. */
  readonly key: string;
  readonly message: string;
}

export interface Scalar {
  readonly shape: "scalar";
  readonly place: Place;
  /** As written, without quotes. */
  readonly text: string;
  /** What YAML takes it for; quoted values are always text. refused: reported already, not to be judged again. */
  readonly type: "text" | "number" | "boolean" | "null" | "refused";
}

export interface Entry {
  readonly name: string;
  readonly place: Place;
  readonly node: Node;
}

export interface Mapping {
  readonly shape: "map";
  readonly place: Place;
  readonly entries: readonly Entry[];
}

export interface Sequence {
  readonly shape: "list";
  readonly place: Place;
  readonly items: readonly Node[];
}

export type Node = Scalar | Mapping | Sequence;

/** Adds to a list of problems at a place. */
export type Report = (place: Place, key: string, message: string) => void;

const LONGEST_QUOTE = 64;

/** Text of a file for a message: quoted, short, and without anything a terminal would obey. */
export function quote(text: string): string {
  const short = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  return `"${printable(short)}"`;
}

/** Replaces control, format and private characters, line separators and lone surrogates by \u{…}. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** One line per problem, in the form compilers use, which editors can jump to. */
export function formatProblem(problem: Problem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const key = problem.key === "" ? "" : `${printable(problem.key)}: `;
  return `${printable(place)}: ${key}${problem.message}`;
}

/** Lays a later file over an earlier one: maps are merged entry by entry, anything else is replaced. */
export function overlay(below: Node, above: Node): Node {
  if (above.shape === "scalar" && above.type === "null") return below;
  if (below.shape !== "map" || above.shape !== "map") return above;
  const entries = new Map(below.entries.map((entry) => [entry.name, entry]));
  for (const entry of above.entries) {
    const earlier = entries.get(entry.name);
    entries.set(entry.name, earlier ? { ...entry, node: overlay(earlier.node, entry.node) } : entry);
  }
  return { ...below, entries: [...entries.values()] };
}
