/** The form of status and user-status: a title, then aligned "Name: value" lines, then the processes. */

import type { ProcessRecord } from "../control/interface.ts";
import { cut, printable } from "./text.ts";
import { processTree } from "./tree.ts";
import type { Context } from "./verb.ts";

export type Line = readonly [name: string, value: string];

/** Lines without a value are left out; values are printable already or coloured by the caller. */
export function block(title: string, lines: readonly Line[]): string[] {
  const shown = lines.filter(([, value]) => value !== "");
  const widest = Math.max(0, ...shown.map(([name]) => name.length));
  return [title, ...shown.map(([name, value]) => `  ${name.padStart(widest)}: ${value}`)];
}

export function processLines(processes: readonly ProcessRecord[], context: Context): string[] {
  return processTree(processes, context.unicode).map((line) => cut(`    ${line}`, context.columns));
}

export function joined(...parts: readonly (string | null)[]): string {
  return parts
    .filter((part) => part !== null && part !== "")
    .map((part) => printable(part ?? ""))
    .join(", ");
}
