/** YAML text -> tree. The parser is loaded at the first file that has more than comments: it costs 5 ms of every start. */

import type { CST, Document, LineCounter, ParsedNode, Scalar as ParsedScalar, YAMLMap } from "yaml";
import type { Entry, Node, Place, Report, Scalar } from "./tree.ts";
import { printable, quote } from "./tree.ts";

interface Reading {
  readonly file: string;
  readonly yaml: typeof import("yaml");
  readonly lines: LineCounter;
  readonly report: Report;
}

const ADVICE = new Map([
  ["TAB_AS_INDENT", "a tab is used for indentation: use spaces"],
  ["NON_STRING_KEY", "a key must be plain text"],
]);

/** Far more than the options have; the parser recurses, and without stack V8 may abort instead of throwing. */
const DEEPEST = 32;
/** Names, values and the signs between them, in a file: text that is none of ours could cost seconds and gigabytes. */
const MOST_LEXEMES = 100_000;

/** The tree, or undefined when the text is not YAML of the kind we read; the reasons have then been reported. */
export function readYaml(file: string, text: string, report: Report): Node | undefined {
  const empty: Node = { shape: "map", place: { file, line: 1, column: 1 }, entries: [] };
  if (text.split("\n").every((line) => /^\s*(#|$)/.test(line))) return empty;
  const yaml: typeof import("yaml") = require("yaml");
  const reading = { file, yaml, lines: new yaml.LineCounter(), report };
  const document = compose(text, reading);
  if (!document || reportErrors(document, reading)) return undefined;
  return document.contents === null ? empty : toNode(document.contents, "", empty.place, reading);
}

/** What parseDocument() of the package does, with an eye on the depth. */
function compose(text: string, reading: Reading): Document.Parsed | undefined {
  const { yaml, lines, report } = reading;
  const parser = new yaml.Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  lines.addNewLine(0);
  let lexemes = 0;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length <= DEEPEST && ++lexemes <= MOST_LEXEMES) continue;
    const reason = lexemes > MOST_LEXEMES ? "too much for a configuration file" : "nested too deeply";
    report(placeAt(parser.offset - lexeme.length, reading), "", reason);
    return undefined;
  }
  tokens.push(...parser.end());
  const options = { uniqueKeys: false, stringKeys: true };
  const [document, second] = new yaml.Composer(options).compose(tokens, true, text.length);
  if (!second) return document;
  report(placeAt(second.range[0], reading), "", "a second document begins here: put everything into one");
  return undefined;
}

function placeAt(offset: number, { file, lines }: Reading): Place {
  const { line, col } = lines.linePos(offset);
  return { file, line, column: col };
}

function reportErrors(document: Document.Parsed, reading: Reading): boolean {
  for (const { code, message, pos } of document.errors) {
    const advice = ADVICE.get(code) ?? `not valid YAML: ${printable(message)}`;
    reading.report(placeAt(pos[0], reading), "", advice);
  }
  // YAML 1.1 would change the meaning of "no" and of "0644".
  const version = document.directives?.yaml.version;
  const foreign = version !== undefined && version !== "1.2" && version !== "next";
  if (foreign) reading.report(placeAt(0, reading), "", "only YAML 1.2 is read: remove the %YAML line");
  return foreign || document.errors.length > 0;
}

/** Without a value of its own (`key:`), a node is where its key is. */
function toNode(node: ParsedNode | null, key: string, keyPlace: Place, reading: Reading): Node {
  if (node === null) return { shape: "scalar", place: keyPlace, text: "", type: "null" };
  const { yaml, report } = reading;
  const place = placeAt(node.range[0], reading);
  if (yaml.isAlias(node)) {
    report(place, key, `aliases are not read: write the value instead of ${quote(`*${node.source}`)}`);
    return { shape: "scalar", place, text: "", type: "refused" };
  }
  if (node.tag !== undefined) {
    report(place, key, "tags are not read: remove the word that begins with !");
    return { shape: "scalar", place, text: "", type: "refused" };
  }
  if (yaml.isMap(node)) return { shape: "map", place, entries: toEntries(node.items, key, reading) };
  if (yaml.isSeq(node)) {
    const items = node.items.map((item, i) =>
      toNode(item as ParsedNode | null, `${key}[${i}]`, place, reading),
    );
    return { shape: "list", place, items };
  }
  return toScalar(node, place, keyPlace);
}

/** The key's text comes from YAML with stringKeys: anything but a scalar was an error before. */
function toEntries(pairs: YAMLMap.Parsed["items"], key: string, reading: Reading): Entry[] {
  const entries = new Map<string, Entry>();
  for (const pair of pairs) {
    const name = String((pair.key as ParsedScalar.Parsed).value);
    const path = key === "" ? name : `${key}.${name}`;
    const place = placeAt(pair.key.range[0], reading);
    const earlier = entries.get(name);
    if (earlier) reading.report(place, path, `given twice, first in line ${earlier.place.line}`);
    const node = toNode(pair.value, path, place, reading);
    entries.set(name, { name, place, node });
  }
  return [...entries.values()];
}

function toScalar(node: ParsedScalar.Parsed, place: Place, keyPlace: Place): Scalar {
  const value = node.value;
  if (value === null && node.source === "")
    return { shape: "scalar", place: keyPlace, text: "", type: "null" };
  if (typeof value === "string") return { shape: "scalar", place, text: value, type: "text" };
  const type = value === null ? "null" : typeof value === "boolean" ? "boolean" : "number";
  return { shape: "scalar", place, text: node.source, type };
}
