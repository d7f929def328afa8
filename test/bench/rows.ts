import { median, quantile } from "./statistics.ts";

/** A time of a PAM call, over n calls. */
export interface LatencyRow {
  readonly product: string;
  readonly case: string;
  readonly op: string;
  readonly n: number;
  readonly median_us: number;
  readonly p99_us: number;
}

/** Anything else: a rate, a size, a time of another kind. */
export interface ValueRow {
  readonly product: string;
  readonly case: string;
  readonly op: string;
  readonly n: number;
  readonly median: number;
  readonly unit: string;
}

export type Row = LatencyRow | ValueRow;

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

export function latencyRow(product: string, name: string, op: string, ns: readonly number[]): LatencyRow {
  return {
    product,
    case: name,
    op,
    n: ns.length,
    median_us: rounded(median(ns) / 1000),
    p99_us: rounded(quantile(ns, 0.99) / 1000),
  };
}

export function valueRow(
  product: string,
  name: string,
  op: string,
  n: number,
  value: number,
  unit: string,
): ValueRow {
  return { product, case: name, op, n, median: rounded(value), unit };
}
