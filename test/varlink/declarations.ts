/** Descriptions of Varlink interfaces, read. */

import type { FieldTypes } from "../../daemon/src/varlink/types.ts";

/** "(a: int, b: (x, y))" as its fields and what follows it. */
export function fields(text: string): { fields: FieldTypes; rest: string } {
  const found: Record<string, string> = {};
  let depth = 0;
  let start = 1;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    const ends = text[i] === ")" && --depth === 0;
    if (!ends && !(text[i] === "," && depth === 1)) continue;
    const [, name, type] = /^\s*(\w+):\s*(.*)$/s.exec(text.slice(start, i)) ?? [];
    if (name !== undefined && type !== undefined) found[name] = type.trim();
    start = i + 1;
    if (ends) return { fields: found, rest: text.slice(i + 1) };
  }
  throw new Error(`unbalanced: ${text}`);
}

/** What the description declares with that keyword, by name. */
export function declarations(description: string, keyword: string): Map<string, string> {
  const text = description.replace(/#.*/g, "");
  const found = [
    ...text.matchAll(
      new RegExp(`^${keyword} (\\w+) ?(\\([\\s\\S]*?)(?=^(?:type|method|error) |(?![\\s\\S]))`, "gm"),
    ),
  ];
  return new Map(found.map((match) => [match[1] ?? "", match[2] ?? ""]));
}
