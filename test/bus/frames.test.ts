/** Bytes to messages, whatever the pieces; and descriptors to the message that they came with. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BODY_MAX } from "../../daemon/src/bus/connection.ts";
import { Descriptors, MessageFds } from "../../daemon/src/bus/descriptors.ts";
import { FrameReader, HEAD_MAX } from "../../daemon/src/bus/frames.ts";
import { readHeader } from "../../daemon/src/bus/header.ts";
import { BadBytes } from "../../daemon/src/bus/reader.ts";
import { LOST_FDS } from "../../daemon/src/kernel/kernel.ts";
import { wire } from "./wire.ts";

interface Seen {
  readonly start: number;
  readonly serial: number;
  readonly body: string;
  readonly oversized: boolean;
}

function readAll(stream: Buffer, pieces: readonly number[], bodyMax = 100): Seen[] {
  const frames = new FrameReader(bodyMax);
  const seen: Seen[] = [];
  let at = 0;
  for (let i = 0; at < stream.length; i += 1) {
    const size = Math.min(stream.length - at, pieces[i % pieces.length] ?? 1);
    frames.push(stream.subarray(at, at + size));
    at += size;
    for (let frame = frames.next(); frame !== null; frame = frames.next()) {
      const { serial } = frame.headless ? { serial: 0 } : readHeader(frame.bytes, frame);
      const body = frame.bytes.subarray(frame.body).toString("latin1");
      seen.push({ start: frame.start, serial, body, oversized: frame.oversized });
    }
  }
  return seen;
}

const call = (serial: number, text: string) =>
  wire({ serial, path: "/a", member: "M", sender: ":1.5", signature: "s", body: [text] });

describe("frames", () => {
  it("are the same for any pieces, oversized ones skipped", () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 200 }), { maxLength: 8 });
    const pieces = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(texts, pieces, (all, sizes) => {
        const messages = all.map((text, i) => call(i + 1, text));
        const seen = readAll(Buffer.concat(messages), sizes);
        expect(seen.map(({ serial }) => serial)).toEqual(messages.map((_, i) => i + 1));
        expect(seen.map(({ oversized }) => oversized)).toEqual(all.map((text) => text.length + 5 > 100));
        let start = 0;
        for (const [i, message] of messages.entries()) {
          expect(seen[i]?.start).toBe(start);
          start += message.length;
        }
      }),
    );
  });

  it("with too long a head are skipped whole", () => {
    const long = wire({
      serial: 7,
      path: `/${"a".repeat(HEAD_MAX)}`,
      member: "M",
      signature: "s",
      body: ["x"],
    });
    const seen = readAll(Buffer.concat([call(1, "x"), long, call(2, "y")]), [65_536]);
    expect(seen.map(({ serial }) => serial)).toEqual([1, 0, 2]);
  });

  it("take time that grows with the bytes alone", () => {
    const message = wire({ path: "/a", member: "M", signature: "ay", body: [new Uint8Array(BODY_MAX - 8)] });
    const stream = Buffer.concat(Array.from({ length: 40 }, () => message));
    const begin = performance.now();
    expect(readAll(stream, [7], BODY_MAX)).toHaveLength(40);
    expect(performance.now() - begin).toBeLessThan(3000);
  });

  it("of 30 MiB are never held", () => {
    const frames = new FrameReader(BODY_MAX);
    const head = wire({ path: "/a", member: "M", signature: "ay", body: Buffer.alloc(30 << 20) });
    let held = 0;
    let seen = 0;
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < head.length; at += 65_536) {
      frames.push(head.subarray(at, at + 65_536));
      if (frames.next()?.oversized === true) seen += 1;
      held = Math.max(held, process.memoryUsage().arrayBuffers - before);
    }
    expect(seen).toBe(1);
    expect(held).toBeLessThan(1 << 20);
  });

  it.each([
    ["no byte order", Buffer.alloc(16, 1)],
    ["another version", Buffer.from("6c010002000000000100000000000000", "hex")],
    ["a length beyond any message", Buffer.from("6c010001ffffffff0100000000000000", "hex")],
    ["fields beyond any message", Buffer.from("6c0100010000000001000000ffffffff", "hex")],
  ])("%s is no message", (_, bytes) => {
    const frames = new FrameReader(100);
    frames.push(bytes);
    expect(() => frames.next()).toThrow(BadBytes);
  });
});

describe("descriptors", () => {
  const make = () => {
    const closed: number[] = [];
    return { closed, descriptors: new Descriptors((fd) => void closed.push(fd)) };
  };

  it("belong to the last message that begins where they were read", () => {
    const { descriptors, closed } = make();
    descriptors.received(100, [10, 11]);
    descriptors.received(50, [12]);
    expect(descriptors.take(0, 0)).toEqual([]);
    expect(descriptors.take(60, 2)).toEqual([10, 11]);
    expect(descriptors.take(140, 1)).toEqual([12]);
    expect(closed).toEqual([]);
  });

  it.each([
    ["elsewhere", 100, 2],
    ["fewer", 60, 3],
    ["more", 60, 1],
  ])("that were announced %s end the connection", (_, start, count) => {
    const { descriptors, closed } = make();
    descriptors.received(100, [10, 11]);
    expect(() => descriptors.take(start, count)).toThrow(BadBytes);
    expect(closed).toEqual([10, 11]);
    expect(() => descriptors.take(60, 1)).toThrow(BadBytes);
  });

  it("that the kernel dropped are missed by their message only", () => {
    const { descriptors } = make();
    descriptors.received(100, [LOST_FDS]);
    descriptors.received(100, [12]);
    expect(descriptors.take(0, 3)).toBeNull();
    expect(descriptors.take(100, 1)).toEqual([12]);
  });

  it("of a message that is skipped are closed, and no others", () => {
    const { descriptors, closed } = make();
    descriptors.received(100, [10]);
    descriptors.drop(200);
    expect(closed).toEqual([]);
    descriptors.drop(20);
    expect(closed).toEqual([10]);
    descriptors.received(100, [11]);
    descriptors.closeAll();
    expect(closed).toEqual([10, 11]);
  });

  it("are closed once, but for those that were taken", () => {
    const closed: number[] = [];
    const fds = new MessageFds([10, 11, 12], (fd) => void closed.push(fd));
    expect(fds.at(0)).toBe(10);
    expect(fds.take(1)).toBe(11);
    expect(() => fds.take(1)).toThrow(TypeError);
    expect(() => fds.at(3)).toThrow(TypeError);
    expect(() => fds.at("0")).toThrow(TypeError);
    fds.close();
    fds.close();
    expect(closed).toEqual([10, 12]);
    expect(() => fds.at(0)).toThrow(TypeError);
  });
});
