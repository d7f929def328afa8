/**
 * The simple YAML that nearly every configuration is, without the parser, whose loading and work a start would wait
 * for: maps and lists of bare words, by indentation or within a line. Whatever is not certainly that, or is wrong, is
 * left to the parser. Pure.
 */

import type { Entry, Node, Place, Scalar } from "./tree.ts";

const ODD = /[^\n -~]/;
const BLANK = /^ *(#.*)?$/;
/** Indentation, then a dash, or a key and its colon, then the value. */
const LINE = /^( *)(?:- +|([A-Za-z][\w.-]*):(?: +|$))(.*)$/;
const KEY = /[A-Za-z][\w.-]*(?=: )/y;
/** Numbers, numbers with a unit, words and paths: nothing that has a meaning of its own in YAML but those below. */
const WORD = /(?:[0-9]+[A-Za-z%]*|[A-Za-z/][\w./@+-]*)(?=$|[ ,\]}])/y;
const MEANING = /^(?:null|true|false)$/i;
const SPACES = / */y;
const DEEPEST = 16;
/** The parser refuses a file with too much in it. */
const LONGEST = 32 * 1024;

/** Thrown where the parser has to decide. */
const UNSURE = new Error("not certainly simple");

interface Line {
  readonly number: number;
  readonly indent: number;
  /** undefined: an item of a list. */
  readonly key: string | undefined;
  readonly text: string;
  /** Where its value begins. */
  readonly from: number;
}

/** The tree that the parser would make of the text, or null. */
export function readPlain(file: string, text: string): Node | null {
  if (text.length > LONGEST || ODD.test(text)) return null;
  try {
    const lines = text.split("\n").flatMap((line, i) => (BLANK.test(line) ? [] : [divide(line, i + 1)]));
    const reader = new Reader(file, lines);
    return reader.all();
  } catch (error) {
    if (error === UNSURE) return null;
    throw error;
  }
}

function divide(text: string, number: number): Line {
  const [, spaces = "", key, value = ""] = LINE.exec(text) ?? [];
  if (key === undefined && value === "") throw UNSURE;
  if (key !== undefined && MEANING.test(key)) throw UNSURE;
  return { number, indent: spaces.length, key, text, from: text.length - value.length };
}

class Reader {
  readonly #file: string;
  readonly #lines: readonly Line[];
  #next = 0;
  /** In the line whose value is read. */
  #at = 0;
  #depth = 0;

  constructor(file: string, lines: readonly Line[]) {
    this.#file = file;
    this.#lines = lines;
  }

  all(): Node {
    const tree = this.#block(0);
    if (this.#next < this.#lines.length) throw UNSURE;
    return tree;
  }

  #place(line: Line, index: number): Place {
    return { file: this.#file, line: line.number, column: index + 1 };
  }

  /** The map or list whose first line is the next one. */
  #block(indent: number): Node {
    const first = this.#lines[this.#next];
    if (first === undefined || first.indent !== indent || this.#depth++ > DEEPEST) throw UNSURE;
    const place = this.#place(first, indent);
    const entries = new Map<string, Entry>();
    const items: Node[] = [];
    for (let line = this.#lines[this.#next]; line && line.indent >= indent; line = this.#lines[this.#next]) {
      if (line.indent > indent || (line.key === undefined) !== (first.key === undefined)) throw UNSURE;
      this.#next++;
      if (line.key === undefined) items.push(this.#value(line));
      else addEntry(entries, { name: line.key, place: this.#place(line, indent), node: this.#value(line) });
    }
    this.#depth--;
    return first.key === undefined ? { shape: "list", place, items } : mapOf(place, entries);
  }

  #value(line: Line): Node {
    this.#at = line.from;
    if (!BLANK.test(line.text.slice(line.from))) {
      const node = this.#inline(line);
      const rest = line.text.slice(this.#at);
      if (rest === "" || (rest.startsWith(" ") && BLANK.test(rest))) return node;
      throw UNSURE;
    }
    const below = this.#lines[this.#next];
    if (line.key === undefined) throw UNSURE;
    if (below !== undefined && below.indent > line.indent) return this.#block(below.indent);
    // a list may begin right below its key
    if (below !== undefined && below.indent === line.indent && below.key === undefined) throw UNSURE;
    return { shape: "scalar", place: this.#place(line, line.indent), text: "", type: "null" };
  }

  #inline(line: Line): Node {
    const opening = line.text[this.#at];
    if (opening === "[") return this.#list(line);
    if (opening === "{") return this.#map(line);
    return this.#word(line);
  }

  #take(line: Line, pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(line.text) ?? [];
    if (found === undefined) throw UNSURE;
    this.#at += found.length;
    return found;
  }

  #word(line: Line): Scalar {
    const place = this.#place(line, this.#at);
    const text = this.#take(line, WORD);
    if (/^[0-9]+$/.test(text)) return { shape: "scalar", place, text, type: "number" };
    if (!MEANING.test(text)) return { shape: "scalar", place, text, type: "text" };
    if (text !== "true" && text !== "false") throw UNSURE;
    return { shape: "scalar", place, text, type: "boolean" };
  }

  #list(line: Line): Node {
    const place = this.#place(line, this.#at);
    const items: Node[] = [];
    this.#members(line, "]", () => items.push(this.#inline(line)));
    return { shape: "list", place, items };
  }

  #map(line: Line): Node {
    const place = this.#place(line, this.#at);
    const entries = new Map<string, Entry>();
    this.#members(line, "}", () => {
      const where = this.#place(line, this.#at);
      const name = this.#take(line, KEY);
      if (MEANING.test(name)) throw UNSURE;
      this.#at++;
      this.#take(line, SPACES);
      addEntry(entries, { name, place: where, node: this.#inline(line) });
    });
    return mapOf(place, entries);
  }

  /** What is between brackets, with commas between. */
  #members(line: Line, closing: string, member: () => void): void {
    if (this.#depth++ > DEEPEST) throw UNSURE;
    for (let wanted = false; ; ) {
      this.#at++;
      this.#take(line, SPACES);
      if (!wanted && line.text[this.#at] === closing) break;
      member();
      this.#take(line, SPACES);
      if (line.text[this.#at] === closing) break;
      if (line.text[this.#at] !== ",") throw UNSURE;
      wanted = true;
    }
    this.#at++;
    this.#depth--;
  }
}

function addEntry(entries: Map<string, Entry>, entry: Entry): void {
  if (entries.has(entry.name)) throw UNSURE;
  entries.set(entry.name, entry);
}

const mapOf = (place: Place, entries: ReadonlyMap<string, Entry>): Node => ({
  shape: "map",
  place,
  entries: [...entries.values()],
});
