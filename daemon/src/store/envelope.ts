/** What a record is wrapped in, and the readers for its parts: whatever does not read back exactly counts as damaged. */

import type { Instant } from "../core/model.ts";
import { isPrintable } from "../core/names.ts";

const FORMAT = 1;

/** No record of ours comes near it; a longer file is not read. */
export const RECORD_MAX = 262_144;
const TEXT_MAX = 1024;

export type Checksum = (text: string) => number;

export type Fields = { readonly [key: string]: unknown };

export function envelope(record: object, boot: string, checksum: Checksum): string {
  const text = JSON.stringify(record);
  return `{"format":${FORMAT},"boot":${JSON.stringify(boot)},"checksum":${checksum(text)},"record":${text}}\n`;
}

/** The record inside, or null when the text is damaged, of another boot or of another format. */
export function openEnvelope(text: string, boot: string, checksum: Checksum): Fields | null {
  if (text.length > RECORD_MAX) return null;
  let outer: unknown;
  try {
    outer = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isFields(outer) || outer.format !== FORMAT || outer.boot !== boot || !isFields(outer.record))
    return null;
  return checksum(JSON.stringify(outer.record)) === outer.checksum ? outer.record : null;
}

export function parseInstant(value: unknown): Instant | null {
  if (!isFields(value) || !isNumber(value.realtime) || !isNumber(value.monotonic)) return null;
  return { realtime: value.realtime, monotonic: value.monotonic };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** 0 stands for none. */
export function isPid(value: unknown): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff;
}

export function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= TEXT_MAX && isPrintable(value);
}
