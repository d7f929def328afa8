import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, MESSAGE_MAX, MessageReader, readCall, splitMethod } from "../../daemon/src/varlink/codec.ts";

/** What a reader makes of these bytes when they come in chunks of the given lengths. */
function read(bytes: Uint8Array, lengths: readonly number[], limit = MESSAGE_MAX) {
  const reader = new MessageReader(limit);
  const messages: unknown[] = [];
  let violation: string | null = null;
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    // The reader has to copy what it keeps: the buffer is overwritten as a socket's would be.
    const chunk = Uint8Array.from(bytes.subarray(at, at + length));
    const received = reader.push(chunk);
    chunk.fill(0x78);
    messages.push(...received.messages);
    violation = received.violation;
    at += length;
  }
  return { messages, violation, incomplete: reader.incomplete };
}

const chunks = fc.array(fc.nat(40), { maxLength: 60 });

describe("framing", () => {
  it("gives the same messages for any chunking", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), chunks, (values, lengths) => {
        const bytes = Buffer.concat(values.map((value) => Buffer.from(`${JSON.stringify(value)}\0`)));
        const whole = read(bytes, []);
        expect(whole.messages).toEqual(JSON.parse(JSON.stringify(values)));
        expect(read(bytes, lengths)).toEqual(whole);
      }),
    );
  });

  it("gives the same verdict on any bytes for any chunking, and never throws", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.constantFrom(0, 0x22, 0x5b, 0x7b, 0x7d, 0x31, 0xc3, 0xff), { maxLength: 100 }),
    );
    fc.assert(
      fc.property(bytes, chunks, (given, lengths) => {
        const input = Uint8Array.from(given);
        expect(read(input, lengths, 64)).toEqual(read(input, [], 64));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [MESSAGE_MAX - 1, null],
    [MESSAGE_MAX, null],
    [MESSAGE_MAX + 1, /longer/],
  ])("takes a message of %i bytes or says that it is too long", (length, violation) => {
    const bytes = Buffer.from(`"${"x".repeat(length - 2)}"\0`);
    for (const lengths of [[], [length], [10, 30_000]]) {
      const result = read(bytes, lengths);
      if (violation === null) expect(result).toMatchObject({ violation: null, incomplete: false });
      else expect(result.violation).toMatch(violation);
    }
  });

  it("does not keep what never ends", () => {
    expect(read(Buffer.alloc(MESSAGE_MAX + 1, 0x20), [1000]).violation).toMatch(/longer/);
  });

  it.each([
    ["bytes that are not UTF-8", [0x22, 0xff, 0x22, 0]],
    ["an overlong encoding", [0x22, 0xc0, 0xaf, 0x22, 0]],
    ["no JSON", [0x7b, 0]],
    ["an empty message", [0]],
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x7b, 0x7d, 0]],
  ])("refuses %s, and everything after it", (_what, bytes) => {
    const result = read(Uint8Array.from([0x31, 0, ...bytes, 0x32, 0]), []);
    expect(result.messages).toEqual([1]);
    expect(result.violation).toMatch(/JSON/);
  });

  it("survives the deepest nesting that fits", () => {
    const half = MESSAGE_MAX / 2;
    const bytes = Buffer.from(`${"[".repeat(half)}${"]".repeat(half)}\0`);
    expect(read(bytes, []).violation).toBeNull();
  });

  it("encodes what it reads", () => {
    const message = { parameters: { text: "a\u0000b\u2028é" } };
    expect(read(encode(message), []).messages).toEqual([message]);
  });
});

describe("calls", () => {
  it.each([
    [null],
    [[]],
    ["org.sessionman.Login.GetStatus"],
    [{}],
    [{ method: 5 }],
    [{ method: "GetStatus" }],
    [{ method: "a.B", parameters: [] }],
    [{ method: "a.B", parameters: "x" }],
    [{ method: "a.B", more: 1 }],
    [{ method: "a.B", oneway: "true" }],
    [{ method: "a.B", upgrade: null }],
  ])("%j is none", (message) => {
    expect(readCall(message)).toHaveProperty("violation");
  });

  it("has defaults for all but the method", () => {
    const flags = { oneway: false, more: false, upgrade: false };
    expect(readCall({ method: "a.B" })).toEqual({ method: "a.B", parameters: {}, ...flags });
    expect(readCall({ method: "a.B", parameters: null, more: true })).toEqual({
      method: "a.B",
      parameters: {},
      ...flags,
      more: true,
    });
  });

  it("takes a parameter named __proto__ for a name", () => {
    const call = readCall(JSON.parse('{"method":"a.B","parameters":{"__proto__":{"id":"1"}}}'));
    expect("parameters" in call && Object.keys(call.parameters)).toEqual(["__proto__"]);
    expect("parameters" in call && call.parameters.id).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void readCall(value)));
  });

  it("splits the method from its interface at the last dot", () => {
    expect(splitMethod("org.sessionman.Login.GetStatus")).toEqual({
      interface: "org.sessionman.Login",
      method: "GetStatus",
    });
  });
});
