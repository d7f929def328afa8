/** The bytes of the seatd protocol, as libseat writes and reads them. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as codec from "../../daemon/src/seatd/codec.ts";
import { i32, message, u16 } from "./machine.ts";

const { parse } = codec;

const path = (text: string): Buffer =>
  Buffer.concat([u16(Buffer.byteLength(text) + 1), Buffer.from(`${text}\0`)]);

describe("requests", () => {
  it.each([
    [message(1), { kind: "openSeat" }],
    [message(2), { kind: "closeSeat" }],
    [message(3, path("/dev/dri/card0")), { kind: "openDevice", path: "/dev/dri/card0" }],
    [message(3, path("")), { kind: "openDevice", path: "" }],
    [message(3, path(`/${"x".repeat(254)}`)), { kind: "openDevice", path: `/${"x".repeat(254)}` }],
    [message(4, i32(7)), { kind: "closeDevice", id: 7 }],
    [message(4, i32(-1)), { kind: "closeDevice", id: -1 }],
    [message(5), { kind: "disableSeat" }],
    [message(6, i32(2)), { kind: "switchSession", session: 2 }],
    [message(7), { kind: "ping" }],
  ])("%o is understood", (bytes, request) => {
    expect(parse(bytes)).toEqual({ request, length: bytes.length });
    expect(parse(Buffer.concat([bytes, message(7)]))).toEqual({ request, length: bytes.length });
    for (let part = 0; part < bytes.length; part += 1)
      expect(parse(bytes.subarray(0, part))).toEqual({ incomplete: true });
  });

  it.each([
    [message(0)],
    [message(8)],
    [message(0x8001)],
    [message(1, i32(0))],
    [message(2, Buffer.alloc(1))],
    [message(4)],
    [message(4, Buffer.alloc(3))],
    [message(4, Buffer.alloc(8))],
    [message(5, i32(0))],
    [message(6)],
    [message(7, Buffer.alloc(1))],
    [message(3)],
    [message(3, Buffer.alloc(2))],
    [message(3, u16(5), Buffer.from("/dev"))],
    [message(3, u16(4), Buffer.from("/dev"))],
    [message(3, u16(6), Buffer.from("/d\0v\0"))],
    [message(3, u16(9), Buffer.from("/dev\0"))],
    [message(3, u16(5), Buffer.from("/d\0v\0"))],
    [message(3, path(`/${"x".repeat(255)}`))],
    [Buffer.from([7, 0, 0xff, 0xff])],
  ])("%o is refused, as soon as its header tells", (bytes) => {
    expect(parse(bytes)).toHaveProperty("violation");
  });

  it("never throws, never claims more than there is, and needs no more than the longest request", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc
        .tuple(fc.integer({ min: 0, max: 9 }), fc.uint8Array({ maxLength: 270 }))
        .map(([op, rest]) => message(op, Buffer.from(rest))),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        const parsed = parse(given);
        if ("length" in parsed) expect(parsed.length).toBeLessThanOrEqual(given.length);
        if (given.length >= codec.READ_MAX) expect(parsed).not.toHaveProperty("incomplete");
      }),
      { numRuns: 2000 },
    );
  });
});

describe("answers and events", () => {
  it.each([
    [codec.seatOpened("seat0"), message(0x8001, path("seat0"))],
    [codec.SEAT_CLOSED, message(0x8002)],
    [codec.deviceOpened(70_000), message(0x8003, i32(70_000))],
    [codec.DEVICE_CLOSED, message(0x8004)],
    [codec.DISABLE_SEAT, message(0x8005)],
    [codec.ENABLE_SEAT, message(0x8006)],
    [codec.PONG, message(0x8007)],
    [codec.SESSION_SWITCHED, message(0x8008)],
    [codec.SEAT_DISABLED, message(0x8009)],
    [codec.failed(13), message(0xffff, i32(13))],
  ])("%o", (bytes, expected) => {
    expect(Buffer.from(bytes)).toEqual(expected);
  });
});
