/** The properties of CreateSession: what the session's scope may use, and how long the session may last. */

import type { Variant } from "../bus/values.ts";
import type { Limits } from "../core/configuration.ts";
import { printable } from "../core/names.ts";
import { type AskedLimits, NOTHING_ASKED, passOver, WEIGHT_MAX } from "../core/session-limits.ts";
import { invalidArgs } from "./errors.ts";

export type NamedValue = readonly [name: string, value: Variant];

/** Unset, or without limit. */
const INFINITY = 0xffff_ffff_ffff_ffffn;
const WHOLE = 0xffff_ffff;
const SHOWN = 64;

interface Known {
  readonly signature: "t" | "u";
  /** null for a value that is out of range. */
  read(value: bigint): Partial<Pick<AskedLimits, "limits" | "runtimeMax">> | null;
}

const amount = (key: keyof Limits): Known => ({
  signature: "t",
  read: (value) => (value === 0n ? null : { limits: { [key]: value === INFINITY ? "max" : `${value}` } }),
});

/** A fraction of the machine's memory, in 2^32 - 1 parts. */
const fraction = (key: keyof Limits): Known => ({
  signature: "u",
  read: (value) => (value === 0n ? null : { limits: { [key]: `${(Number(value) / WHOLE) * 100}%` } }),
});

const weight = (key: keyof Limits): Known => ({
  signature: "t",
  read(value) {
    if (value === INFINITY) return {};
    return value >= 1n && value <= WEIGHT_MAX ? { limits: { [key]: `${value}` } } : null;
  },
});

const KNOWN: ReadonlyMap<string, Known> = new Map<string, Known>([
  ["MemoryMax", amount("memory.max")],
  ["MemoryMaxScale", fraction("memory.max")],
  ["MemoryHigh", amount("memory.high")],
  ["MemoryHighScale", fraction("memory.high")],
  ["TasksMax", amount("pids.max")],
  ["CPUWeight", weight("cpu.weight")],
  ["IOWeight", weight("io.weight")],
  ["RuntimeMaxUSec", { signature: "t", read: readRuntime }],
]);

/** Beyond 285 years is for ever. */
function readRuntime(value: bigint): { runtimeMax: number | null } | null {
  if (value === 0n) return null;
  return { runtimeMax: value > Number.MAX_SAFE_INTEGER ? null : Number(value) };
}

/** A later one of the same name wins. One that is not known is passed over, as more are invented all the time. */
export function readProperties(properties: readonly NamedValue[]): AskedLimits {
  let asked = NOTHING_ASKED;
  for (const [name, { signature, value }] of properties) {
    const known = KNOWN.get(name);
    if (known === undefined) {
      asked = passOver(asked, `${printable(name, SHOWN)}, which is not known`);
      continue;
    }
    if (signature !== known.signature) throw invalidArgs(`${name} is of type ${known.signature}`);
    const read = known.read(BigInt(value as number | bigint));
    if (read === null) throw invalidArgs(`${name} is ${value}, which is out of range`);
    asked = { ...asked, ...read, limits: { ...asked.limits, ...read.limits } };
  }
  return asked;
}
