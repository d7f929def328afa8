/**
 * What a login asks for its session: limits beside those of its user, and an end after some time. Other PAM modules
 * leave it as text for ours, display managers say it over the bus. What cannot be read costs a line in the log and
 * never a login.
 */

import type { Limits } from "./configuration.ts";
import { parseDecimal, printable } from "./names.ts";

export interface AskedLimits {
  readonly limits: Limits;
  /** In microseconds; null: for as long as it lasts. */
  readonly runtimeMax: number | null;
  /** What was passed over: each completes a sentence that begins with what the session is not limited by. */
  readonly passedOver: readonly string[];
}

export const NOTHING_ASKED: AskedLimits = { limits: {}, runtimeMax: null, passedOver: [] };

export const WEIGHT_MAX = 10_000;

const SHOWN = 64;
const PASSED_OVER_TOLD = 8;

/** A part of what is asked; null for text that says nothing of the kind. */
type Reader = (text: string) => Partial<AskedLimits> | null;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["memory_max", limit("memory.max", parseSize)],
  ["tasks_max", limit("pids.max", parseCount)],
  ["cpu_weight", limit("cpu.weight", parseWeight)],
  ["io_weight", limit("io.weight", parseWeight)],
  ["runtime_max_sec", readRuntime],
]);

/** "NAME=VALUE;NAME=VALUE", as in the packets of the PAM module. */
export function readLimits(text: string): AskedLimits {
  let asked = NOTHING_ASKED;
  for (const row of text === "" ? [] : text.split(";")) {
    const equals = row.indexOf("=");
    const name = row.slice(0, Math.max(equals, 0));
    const read = READERS.get(name)?.(row.slice(equals + 1));
    if (read) asked = { ...asked, ...read, limits: { ...asked.limits, ...read.limits } };
    else asked = passOver(asked, `systemd.${printable(row, SHOWN)}, which cannot be read`);
  }
  return asked;
}

export function passOver(asked: AskedLimits, what: string): AskedLimits {
  if (asked.passedOver.length === PASSED_OVER_TOLD) return asked;
  return { ...asked, passedOver: [...asked.passedOver, what] };
}

function limit(key: keyof Limits, parse: (text: string) => string | null): Reader {
  return (text) => {
    const value = parse(text);
    return value === null ? null : { limits: { [key]: value } };
  };
}

const UNITS = ["", "K", "M", "G", "T", "P"];

/** "512M", "1.5G", "20%" of the machine's memory, "infinity". */
function parseSize(text: string): string | null {
  if (text === "infinity") return "max";
  const [, number = "", unit = ""] = /^([0-9]{1,15}(?:\.[0-9]{1,3})?)([KMGTP%]?)$/.exec(text) ?? [];
  const count = Number(number);
  if (number === "" || count === 0) return null;
  if (unit === "%") return count <= 100 ? `${count}%` : null;
  const bytes = Math.floor(count * 1024 ** UNITS.indexOf(unit));
  return bytes > 0 && Number.isSafeInteger(bytes) ? String(bytes) : null;
}

function parseCount(text: string): string | null {
  if (text === "infinity") return "max";
  const count = parseDecimal(text);
  return count !== null && count > 0 ? String(count) : null;
}

function parseWeight(text: string): string | null {
  const weight = parseDecimal(text);
  return weight !== null && weight >= 1 && weight <= WEIGHT_MAX ? String(weight) : null;
}

const SECOND = 1_000_000;
const SPANS: ReadonlyMap<string, number> = new Map([
  ["us", 1],
  ["ms", 1000],
  ["", SECOND],
  ["s", SECOND],
  ["sec", SECOND],
  ["m", 60 * SECOND],
  ["min", 60 * SECOND],
  ["h", 3600 * SECOND],
  ["hr", 3600 * SECOND],
  ["d", 24 * 3600 * SECOND],
  ["w", 7 * 24 * 3600 * SECOND],
]);

function readRuntime(text: string): Partial<AskedLimits> | null {
  if (text === "infinity") return { runtimeMax: null };
  const runtimeMax = parseSpan(text);
  return runtimeMax === null ? null : { runtimeMax };
}

/** "90", "1h 30min", "2.5s"; in microseconds. */
function parseSpan(text: string): number | null {
  let sum = 0;
  let end = 0;
  for (const [part, number = "", unit = ""] of text.matchAll(/([0-9.]+) ?([a-z]*) ?/gy)) {
    if (!/^[0-9]{1,12}(\.[0-9]{1,6})?$/.test(number)) return null;
    sum += Number(number) * (SPANS.get(unit) ?? Number.NaN);
    end += part.length;
  }
  const whole = Math.floor(sum);
  return end === text.length && whole > 0 && Number.isSafeInteger(whole) ? whole : null;
}
