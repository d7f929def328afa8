/** Reading and writing the types that are no containers. */

import { isObjectPath } from "./names.ts";
import { BadBytes, type Reader } from "./reader.ts";
import { parseSignature } from "./signature.ts";
import type { Value } from "./values.ts";
import type { Writer } from "./writer.ts";

export interface Codec {
  readonly align: number;
  /** Throws BadBytes. */
  read(reader: Reader): Value;
  /** Throws TypeError for a value that is not of the type: a bug of the caller. */
  write(writer: Writer, value: Value): void;
}

export function wrong(wanted: string, value: unknown): TypeError {
  const shown = typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
  return new TypeError(`${shown} where ${wanted} is expected`);
}

function integer(value: Value, low: number, high: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high)
    throw wrong(`an integer from ${low} to ${high}`, value);
  return value;
}

/** A number of a fixed size: where it goes, and how it gets there. */
function fixed(
  size: number,
  get: (view: DataView, at: number, little: boolean) => Value,
  set: (view: DataView, at: number, value: Value) => void,
): Codec {
  return {
    align: size,
    read(reader) {
      reader.align(size);
      return get(reader.view, reader.take(size), reader.little);
    },
    write(writer, value) {
      writer.align(size);
      writer.need(size);
      set(writer.view, writer.at, value);
      writer.at += size;
    },
  };
}

const I64 = [-(1n << 63n), (1n << 63n) - 1n] as const;
const U64 = [0n, (1n << 64n) - 1n] as const;

function big(value: Value, [low, high]: readonly [bigint, bigint]): bigint {
  if (typeof value !== "bigint" || value < low || value > high)
    throw wrong(`a bigint from ${low} to ${high}`, value);
  return value;
}

function double(value: Value): number {
  if (typeof value !== "number") throw wrong("a number", value);
  return value;
}

const boolean: Codec = {
  align: 4,
  read(reader) {
    const value = reader.u32();
    if (value > 1) throw new BadBytes("a boolean is neither 0 nor 1");
    return value === 1;
  },
  write(writer, value) {
    if (typeof value !== "boolean") throw wrong("a boolean", value);
    writer.u32(value ? 1 : 0);
  },
};

const string: Codec = {
  align: 4,
  read: (reader) => reader.string(),
  write(writer, value) {
    if (typeof value !== "string") throw wrong("a string", value);
    writer.string(value);
  },
};

const path: Codec = {
  align: 4,
  read(reader) {
    const value = reader.string();
    if (!isObjectPath(value)) throw new BadBytes("an object path is none");
    return value;
  },
  write(writer, value) {
    if (typeof value !== "string" || !isObjectPath(value)) throw wrong("an object path", value);
    writer.string(value);
  },
};

const signature: Codec = {
  align: 1,
  read(reader) {
    const value = reader.signature();
    if (parseSignature(value) === null) throw new BadBytes("a signature is none");
    return value;
  },
  write(writer, value) {
    if (typeof value !== "string" || parseSignature(value) === null) throw wrong("a signature", value);
    writer.signature(value);
  },
};

const descriptor: Codec = {
  align: 4,
  read(reader) {
    const index = reader.u32();
    if (index >= reader.fds) throw new BadBytes(`descriptor ${index} of ${reader.fds}`);
    return index;
  },
  write(writer, value) {
    writer.u32(integer(value, 0, writer.fds - 1));
  },
};

export const BASIC: ReadonlyMap<string, Codec> = new Map([
  [
    "y",
    fixed(
      1,
      (view, at) => view.getUint8(at),
      (view, at, value) => view.setUint8(at, integer(value, 0, 0xff)),
    ),
  ],
  ["b", boolean],
  [
    "n",
    fixed(
      2,
      (view, at, little) => view.getInt16(at, little),
      (view, at, value) => view.setInt16(at, integer(value, -0x8000, 0x7fff), true),
    ),
  ],
  [
    "q",
    fixed(
      2,
      (view, at, little) => view.getUint16(at, little),
      (view, at, value) => view.setUint16(at, integer(value, 0, 0xffff), true),
    ),
  ],
  [
    "i",
    fixed(
      4,
      (view, at, little) => view.getInt32(at, little),
      (view, at, value) => view.setInt32(at, integer(value, -0x8000_0000, 0x7fff_ffff), true),
    ),
  ],
  [
    "u",
    fixed(
      4,
      (view, at, little) => view.getUint32(at, little),
      (view, at, value) => view.setUint32(at, integer(value, 0, 0xffff_ffff), true),
    ),
  ],
  [
    "x",
    fixed(
      8,
      (view, at, little) => view.getBigInt64(at, little),
      (view, at, value) => view.setBigInt64(at, big(value, I64), true),
    ),
  ],
  [
    "t",
    fixed(
      8,
      (view, at, little) => view.getBigUint64(at, little),
      (view, at, value) => view.setBigUint64(at, big(value, U64), true),
    ),
  ],
  [
    "d",
    fixed(
      8,
      (view, at, little) => view.getFloat64(at, little),
      (view, at, value) => view.setFloat64(at, double(value), true),
    ),
  ],
  ["s", string],
  ["o", path],
  ["g", signature],
  ["h", descriptor],
]);
