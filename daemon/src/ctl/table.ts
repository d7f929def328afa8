/** Aligned columns, and the colours that a terminal gets. */

import { printable, width } from "./text.ts";

export type Tint = "plain" | "bold" | "dim" | "green" | "yellow" | "red";

const codes: Readonly<Record<Tint, string>> = {
  plain: "",
  bold: "\u001b[1m",
  dim: "\u001b[2m",
  green: "\u001b[32m",
  yellow: "\u001b[33m",
  red: "\u001b[31m",
};

export type Paint = (text: string, tint: Tint) => string;

export function painter(colour: boolean): Paint {
  return (text, tint) => (colour && tint !== "plain" ? `${codes[tint]}${text}\u001b[0m` : text);
}

const tints: ReadonlyMap<string, Tint> = new Map<string, Tint>([
  ["active", "green"],
  ["opening", "yellow"],
  ["closing", "red"],
  ["waiting", "yellow"],
  ["starting", "yellow"],
  ["ready", "yellow"],
  ["running", "green"],
  ["stopping", "red"],
  ["failed", "red"],
]);

export function tintOf(state: string): Tint {
  return tints.get(state) ?? "plain";
}

export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

export interface Cell {
  readonly text: string;
  readonly tint: Tint;
}

export interface TableOptions {
  readonly legend: boolean;
  readonly paint: Paint;
  /** Below the rows, after an empty line. */
  readonly footer: string;
}

/** The lines of the table; what comes from outside is made printable here. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly (string | Cell)[])[],
  options: TableOptions,
): string[] {
  const body = rows.map((row) => row.map(cell));
  const titles = columns.map(({ title }) => ({ text: title, tint: "bold" }) as const);
  const shown: (readonly Cell[])[] = options.legend ? [titles, ...body] : body;
  const widths = columns.map((_, i) => Math.max(0, ...shown.map((row) => width(row[i]?.text ?? ""))));
  const lines = shown.map((row) => line(row, columns, widths, options.paint));
  return options.legend ? [...lines, "", options.footer] : lines;
}

function cell(value: string | Cell): Cell {
  const { text, tint } = typeof value === "string" ? { text: value, tint: "plain" as const } : value;
  return { text: text === "" ? "-" : printable(text), tint };
}

function line(
  row: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
  paint: Paint,
): string {
  const cells = row.map(({ text, tint }, i) => {
    const gap = " ".repeat(Math.max(0, (widths[i] ?? 0) - width(text)));
    if (columns[i]?.right === true) return gap + paint(text, tint);
    return i === row.length - 1 ? paint(text, tint) : paint(text, tint) + gap;
  });
  return cells.join("  ");
}
