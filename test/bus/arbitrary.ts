/** Random signatures and values of them, for fast-check. */

import fc from "fast-check";
import { parseSignature, type Type } from "../../daemon/src/bus/signature.ts";
import { type Value, Variant } from "../../daemon/src/bus/values.ts";

const BASIC = [..."ybnqiuxtdsog"];

/** A type that may be read: not deeper than the reader's limit, variants included. */
function typeOf(depth: number): fc.Arbitrary<string> {
  const basic = fc.constantFrom(...BASIC);
  if (depth === 0) return basic;
  const inner = typeOf(depth - 1);
  return fc.oneof(
    { weight: 4, arbitrary: basic },
    { weight: 1, arbitrary: fc.constant("v") },
    { weight: 1, arbitrary: inner.map((type) => `a${type}`) },
    {
      weight: 1,
      arbitrary: fc.array(inner, { minLength: 1, maxLength: 4 }).map((types) => `(${types.join("")})`),
    },
    { weight: 1, arbitrary: fc.tuple(basic, inner).map(([key, value]) => `a{${key}${value}}`) },
  );
}

const TEXT = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: "grapheme", maxLength: 30 }));
const PATH = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_]{1,6}$/), { maxLength: 4 })
  .map((parts) => `/${parts.join("/")}`);

const BASIC_VALUES: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  y: fc.integer({ min: 0, max: 255 }),
  b: fc.boolean(),
  n: fc.integer({ min: -0x8000, max: 0x7fff }),
  q: fc.integer({ min: 0, max: 0xffff }),
  i: fc.integer(),
  u: fc.integer({ min: 0, max: 0xffff_ffff }),
  x: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  t: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  d: fc.double({ noNaN: true }),
  s: TEXT.filter((text) => !/\0|\p{Surrogate}/u.test(text)),
  o: PATH,
  g: fc.constantFrom("", "s", "a{sv}", "(ii)as"),
};

function valueFor({ code, inner }: Type, depth: number): fc.Arbitrary<Value> {
  const [first] = inner;
  if (code === "v") {
    return typeOf(Math.max(0, depth - 2)).chain((type) =>
      valuesOf(type, depth - 1).map(([value]) => new Variant(type, value as Value)),
    );
  }
  if (code === "(") return fc.tuple(...inner.map((each) => valueFor(each, depth - 1)));
  if (code !== "a" || first === undefined) return BASIC_VALUES[code] ?? fc.constant(0);
  if (first.code === "y") return fc.uint8Array({ maxLength: 40 });
  const [key, of] = first.inner;
  if (first.code !== "{" || key === undefined || of === undefined)
    return fc.array(valueFor(first, depth - 1), { maxLength: 4 });
  const entry = fc.tuple(valueFor(key, depth - 1), valueFor(of, depth - 1));
  return fc.array(entry, { maxLength: 4 }).map((entries) => new Map(entries));
}

function valuesOf(signature: string, depth: number): fc.Arbitrary<Value[]> {
  const types = parseSignature(signature) ?? [];
  return fc.tuple(...types.map((type) => valueFor(type, depth)));
}

/** A signature of up to four types and values for it. */
export const body: fc.Arbitrary<{ readonly signature: string; readonly values: Value[] }> = fc
  .array(typeOf(3), { maxLength: 4 })
  .map((types) => types.join(""))
  .chain((signature) => valuesOf(signature, 6).map((values) => ({ signature, values })));
