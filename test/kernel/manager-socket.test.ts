/** The packets between the daemon and sessionman-run, byte by byte. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeNews,
  encodeEnvironment,
  encodeGraphical,
  encodeOrder,
  PACKET_MAX,
} from "../../daemon/src/kernel/manager-socket.ts";

const decode = (text: string) => decodeNews(Buffer.from(text, "latin1"));

describe("what sessionman-run says", () => {
  it.each([
    ["starting\x000\0", { state: "starting", pid: 0, message: "" }],
    ["ready\x004711\0", { state: "ready", pid: 4711, message: "" }],
    ["running\x001\0\0", { state: "running", pid: 1, message: "" }],
    ["running\x001\0exit code 3\0", { state: "running", pid: 1, message: "exit code 3" }],
    ["ended\0\0", { state: "ended", message: "" }],
    ["ended\0signal 9\0", { state: "ended", message: "signal 9" }],
    ["ended\0a\nb\x1b[2J\0", { state: "ended", message: "a?b?[2J" }],
    [`ended\0${"x".repeat(2000)}\0`, { state: "ended", message: "x".repeat(512) }],
  ])("%j is understood", (text, news) => {
    expect(decode(text)).toEqual(news);
  });

  it.each([
    "",
    "\0",
    "starting",
    "starting\0",
    "starting\x000",
    "starting\x000\0\0",
    "starting\x00-1\0",
    "starting\x00 1\0",
    "starting\x0001\0",
    "starting\x002147483648\0",
    "ready\0\0",
    "ready\x00x\0",
    "running\x001\0",
    "running\x001\0\0\0",
    "ended\0",
    "ended\0a\0b\0",
    "Ended\0\0",
    "constructor\x001\0",
  ])("%j is no news", (text) => {
    expect(decode(text)).toBeNull();
  });

  it("never makes the reader throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => decodeNews(Buffer.from(bytes))).not.toThrow();
      }),
      { numRuns: 5000 },
    );
  });
});

describe("what the daemon says", () => {
  it("is a word, and what belongs to it", () => {
    expect(encodeOrder("stop").toString()).toBe("stop\0");
    expect(encodeOrder("term").toString()).toBe("term\0");
    expect(encodeOrder("kill").toString()).toBe("kill\0");
    expect(encodeGraphical("start").toString()).toBe("graphical\0start\0");
    const { packets, left } = encodeEnvironment(
      new Map([
        ["A", "ü=1"],
        ["B", ""],
      ]),
      ["C"],
    );
    expect(packets.map(String)).toEqual(["environment\0A=ü=1\0B=\0C\0"]);
    expect(left).toEqual([]);
  });

  it("is nothing where nothing changed", () => {
    expect(encodeEnvironment(new Map(), [])).toEqual({ packets: [], left: [] });
  });

  it("is as many packets as it takes, none longer or with more variables than may be", () => {
    const many = new Map(Array.from({ length: 1500 }, (_, i) => [`V${i}`, "x"]));
    const counts = encodeEnvironment(many, []).packets.map((packet) => String(packet).split("\0").length - 2);
    expect(counts).toEqual([512, 512, 476]);
    const big = new Map([1, 2, 3, 4, 5].map((i) => [`BIG${i}`, "x".repeat(30_000)]));
    const { packets, left } = encodeEnvironment(big, ["LAST"]);
    expect(packets.map((packet) => packet.length <= PACKET_MAX)).toEqual([true, true, true]);
    expect(packets.join("").match(/BIG\d|LAST/g)).toEqual(["BIG1", "BIG2", "BIG3", "BIG4", "BIG5", "LAST"]);
    expect(left).toEqual([]);
  });

  it("leaves out what can be no variable, or fits into no packet", () => {
    const room = PACKET_MAX - "environment\0A=\0".length;
    const values: [string, string][] = [
      ["", "1"],
      ["A=B", "1"],
      ["1A", "1"],
      ["A-B", "1"],
      ["A", "x\0B=1"],
      ["B", "x".repeat(room + 1)],
    ];
    expect(encodeEnvironment(new Map(values), ["C=1", "D E"])).toEqual({
      packets: [],
      left: ["", "A=B", "1A", "A-B", "A", "B", "C=1", "D E"],
    });
    expect(encodeEnvironment(new Map([["A", "x".repeat(room)]]), []).packets[0]).toHaveLength(PACKET_MAX);
  });
});
