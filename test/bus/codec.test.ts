/** Values to bytes and back: what is right comes back, what is wrong is refused, and nothing else happens. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, readBody } from "../../daemon/src/bus/codec.ts";
import { BadBytes, READ_DEPTH_MAX, READ_ELEMENTS_MAX, Reader } from "../../daemon/src/bus/reader.ts";
import { parseSignature } from "../../daemon/src/bus/signature.ts";
import { type Value, Variant } from "../../daemon/src/bus/values.ts";
import { body } from "./arbitrary.ts";

function decode(signature: string, bytes: Uint8Array, fds = 0, little = true): Value[] {
  const copy = Buffer.from(bytes);
  const reader = new Reader(copy, little, 0, copy.length);
  reader.fds = fds;
  return readBody(reader, signature);
}

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("a body", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(body, ({ signature, values }) => {
        expect(decode(signature, encode(signature, values))).toEqual(values);
      }),
      { numRuns: 1000 },
    );
  });

  it("that is cut short, or goes on, is refused", () => {
    fc.assert(
      fc.property(body, fc.nat(), ({ signature, values }, at) => {
        const bytes = encode(signature, values);
        fc.pre(bytes.length > 0);
        expect(() => decode(signature, bytes.subarray(0, at % bytes.length))).toThrow(BadBytes);
        expect(() => decode(signature, Buffer.concat([bytes, Buffer.of(0)]))).toThrow(BadBytes);
      }),
      { numRuns: 500 },
    );
  });

  it("of damaged or random bytes is refused, or is a body", () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    const bytes = fc.oneof(
      fc.tuple(body, damage).map(([{ signature, values }, changes]) => {
        const copy = Buffer.from(encode(signature, values));
        for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte;
        return { signature, copy };
      }),
      fc.tuple(body, fc.uint8Array({ maxLength: 200 })).map(([{ signature }, random]) => ({
        signature,
        copy: Buffer.from(random),
      })),
    );
    fc.assert(
      fc.property(bytes, fc.boolean(), ({ signature, copy }, little) => {
        let values: Value[];
        try {
          values = decode(signature, copy, 0, little);
        } catch (error) {
          expect(error).toBeInstanceOf(BadBytes);
          return;
        }
        expect(decode(signature, encode(signature, values))).toEqual(values);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ["yu", [1, 2], "01 000000 02000000"],
    ["s", ["foo"], "03000000 666f6f 00"],
    ["so", ["+", "/a"], "01000000 2b00 0000 02000000 2f61 00"],
    ["g", ["ai"], "02 6169 00"],
    ["v", [new Variant("t", 5n)], "01 74 00 0000000000 0500000000000000"],
    ["at", [[1n]], "08000000 00000000 0100000000000000"],
    ["at", [[]], "00000000 00000000"],
    [
      "a{sv}",
      [new Map([["k", new Variant("b", true)]])],
      "10000000 00000000 01000000 6b00 01 62 00 000000 01000000",
    ],
    ["(yx)", [[1, -1n]], "01 00000000000000 ffffffffffffffff"],
    ["ay", [Uint8Array.of(1, 2)], "02000000 0102"],
    ["d", [1], "000000000000f03f"],
  ] as [string, Value[], string][])(
    "%s is on the wire what the specification says",
    (signature, values, bytes) => {
      expect(Buffer.from(encode(signature, values)).toString("hex")).toBe(bytes.replaceAll(" ", ""));
      expect(decode(signature, hex(bytes))).toEqual(values);
    },
  );

  it.each([
    ["yu", "01 000000 00000002", [1, 2]],
    ["nqix", "ffff 0102 ffffffff fffffffffffffffe", [-1, 0x102, -1, -2n]],
    ["as", "00000006 00000001 4100", [["A"]]],
    ["dt", "3ff0000000000000 0000000000000007", [1, 7n]],
  ] as [string, string, Value[]][])(
    "%s is read from a machine of the other byte order",
    (signature, bytes, values) => {
      expect(decode(signature, hex(bytes), 0, false)).toEqual(values);
    },
  );
});

describe("bytes that are refused", () => {
  it.each([
    ["a boolean of 2", "b", "02000000"],
    ["padding that is not 0", "yu", "01 000100 02000000"],
    ["a string without its 0", "s", "03000000 666f6f 01"],
    ["a string with a 0 in it", "s", "03000000 660066 00"],
    ["a string that is not UTF-8", "s", "02000000 c328 00"],
    ["a surrogate in UTF-8", "s", "03000000 eda080 00"],
    ["a string that is longer than the body", "s", "ffffffff 666f6f 00"],
    ["a path that ends with a slash", "o", "03000000 2f612f 00"],
    ["an empty path", "o", "00000000 00"],
    ["a signature that is none", "g", "01 7a 00"],
    ["an array that ends in the middle of an element", "au", "06000000 01000000 0200"],
    ["an array that is longer than the body", "au", "08000000 01000000"],
    ["an array of 2^27 bytes", "ay", "00000008"],
    ["an entry beyond its array", "a{yu}", "09000000 00000000 01 000000 02000000 03"],
    ["a variant of two types", "v", "02 7979 00 01 02"],
    ["a variant of no type", "v", "00 00"],
    ["a variant of a broken signature", "v", "01 28 00"],
    ["a descriptor that did not come", "h", "01000000"],
  ])("%s", (_, signature, bytes) => {
    expect(() => decode(signature, hex(bytes), 1)).toThrow(BadBytes);
  });

  it("containers in each other beyond the limit, also by variants", () => {
    let value = new Variant<Value>("y", 1);
    for (let depth = 1; depth < READ_DEPTH_MAX; depth += 1) value = new Variant<Value>("v", value);
    expect(decode("v", encode("v", [value]))).toEqual([value]);
    const deeper = new Variant<Value>("v", value);
    expect(() => decode("v", encode("v", [deeper]))).toThrow(BadBytes);
  });

  it("more elements than the limit, but not bytes", () => {
    const most = new Array(READ_ELEMENTS_MAX).fill(1);
    expect(decode("au", encode("au", [most]))).toEqual([most]);
    expect(() => decode("au", encode("au", [[...most, 1]]))).toThrow(BadBytes);
    const bytes = new Uint8Array(READ_ELEMENTS_MAX + 1);
    expect(decode("ay", encode("ay", [bytes]))).toEqual([bytes]);
  });

  it("bytes are copied: the memory is used again", () => {
    const bytes = Buffer.from(encode("ay", [Uint8Array.of(1, 2, 3)]));
    const [value] = readBody(new Reader(bytes, true, 0, bytes.length), "ay");
    bytes.fill(9);
    expect(value).toEqual(Uint8Array.of(1, 2, 3));
    expect((value as Uint8Array).buffer.byteLength).toBe(3);
  });
});

describe("values that are refused", () => {
  it.each([
    ["y", 256],
    ["y", -1],
    ["y", 1.5],
    ["y", "1"],
    ["n", 32768],
    ["q", -1],
    ["i", 2 ** 31],
    ["u", 2 ** 32],
    ["u", Number.NaN],
    ["u", 1n],
    ["x", 2n ** 63n],
    ["t", -1n],
    ["t", 5],
    ["d", "1"],
    ["b", 1],
    ["s", 1],
    ["s", "a\0b"],
    ["s", "\ud800"],
    ["s", `${"x".repeat(100)}\udc00`],
    ["o", ""],
    ["o", "/a-b"],
    ["o", "a"],
    ["o", "/a/"],
    ["o", "//a"],
    ["g", "a"],
    ["g", "z"],
    ["h", 2],
    ["h", -1],
    ["as", "s"],
    ["as", ["x", 1]],
    ["ay", [1, 2]],
    ["(si)", ["x"]],
    ["(si)", ["x", 1, 2]],
    ["a{sv}", { a: 1 }],
    ["v", "bare"],
    ["v", new Variant("ii", 1)],
    ["v", new Variant("", 1)],
    ["v", new Variant("i", "x")],
  ] as [string, Value][])("%s %#", (signature, value) => {
    expect(() => encode(signature, [value], 2)).toThrow(TypeError);
  });

  it("too few, too many, and values without a signature", () => {
    expect(() => encode("ss", ["x"])).toThrow(TypeError);
    expect(() => encode("s", ["x", "y"])).toThrow(TypeError);
    expect(() => encode("", ["x"])).toThrow(TypeError);
    expect(() => encode("a", ["x"])).toThrow(TypeError);
  });

  it("variants in each other without end", () => {
    let value = new Variant<Value>("y", 1);
    for (let depth = 0; depth < 100; depth += 1) value = new Variant<Value>("v", value);
    expect(() => encode("v", [value])).toThrow(TypeError);
  });
});

describe("a signature", () => {
  it.each(["", "s", "a{sv}", "a(susso)", "(((((y)))))", "aaaay", "a{s(a{uv}as)}", `${"a".repeat(32)}y`])(
    "%s is one",
    (text) => {
      expect(
        parseSignature(text)
          ?.map((type) => type.text)
          .join(""),
      ).toBe(text);
    },
  );

  it.each([
    "a",
    "(",
    ")",
    "()",
    "{sv}",
    "a{sv",
    "a{vs}",
    "a{s}",
    "a{sss}",
    "a{(s)s}",
    "z",
    "s ",
    "(s",
    "s)",
    `${"a".repeat(33)}y`,
    `${"(".repeat(33)}y${")".repeat(33)}`,
    "y".repeat(256),
  ])("%s is none", (text) => {
    expect(parseSignature(text)).toBeNull();
  });
});
