import type { Row } from "./rows.ts";
import type { Verdict } from "./targets.ts";

/** Columns as wide as their widest cell; numbers to the right. */
function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)));
  const show = (line: readonly string[]) =>
    line
      .map((cell, i) => (/^[\d.]+$/.test(cell) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return `${[head, ...lines].map(show).join("\n")}\n`;
}

export function printRows(rows: readonly Row[]): string {
  const lines = rows.map((row) =>
    "median" in row
      ? [row.case, row.op, row.product, `${row.n}`, `${row.median}`, "", row.unit]
      : [row.case, row.op, row.product, `${row.n}`, `${row.median_us}`, `${row.p99_us}`, "us"],
  );
  return table(["case", "op", "product", "n", "median", "p99", "unit"], lines);
}

export function printVerdicts(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ target, limit, measured, met }) => [
    target,
    limit,
    measured === null ? "not measured" : measured.toFixed(2),
    met === null ? "-" : met ? "met" : "MISSED",
  ]);
  return table(["target", "limit", "measured", ""], lines);
}
