/** The properties of CreateSession: which are limits of the session, which are refused, and which are passed over. */

import { describe, expect, it } from "vitest";
import { DBusError, Variant } from "../../daemon/src/bus/values.ts";
import { NOTHING_ASKED } from "../../daemon/src/core/session-limits.ts";
import { readProperties } from "../../daemon/src/login1/create-limits.ts";

type Row = [name: string, signature: string, value: unknown];

const read = (...rows: Row[]) =>
  readProperties(rows.map(([name, signature, value]) => [name, new Variant(signature, value)]));

const FOREVER = 0xffff_ffff_ffff_ffffn;

describe("what is known", () => {
  it.each<[...Row, object]>([
    ["MemoryMax", "t", 1_073_741_824n, { "memory.max": "1073741824" }],
    ["MemoryMax", "t", FOREVER, { "memory.max": "max" }],
    ["MemoryMax", "t", FOREVER - 1n, { "memory.max": "18446744073709551614" }],
    ["MemoryMaxScale", "u", 0xffff_ffff, { "memory.max": "100%" }],
    ["MemoryHigh", "t", 4096n, { "memory.high": "4096" }],
    ["MemoryHighScale", "u", 0xffff_ffff, { "memory.high": "100%" }],
    ["TasksMax", "t", 20n, { "pids.max": "20" }],
    ["TasksMax", "t", FOREVER, { "pids.max": "max" }],
    ["CPUWeight", "t", 10_000n, { "cpu.weight": "10000" }],
    ["CPUWeight", "t", FOREVER, {}],
    ["IOWeight", "t", 1n, { "io.weight": "1" }],
  ])("%s %s %s", (name, signature, value, limits) =>
    expect(read([name, signature, value])).toEqual({ ...NOTHING_ASKED, limits }),
  );

  it("is a fraction of the memory, too", () => {
    const half = read(["MemoryMaxScale", "u", 0x8000_0000]).limits["memory.max"] ?? "";
    expect(half.at(-1)).toBe("%");
    expect(Number.parseFloat(half)).toBeCloseTo(50);
  });

  it.each([
    [1n, 1],
    [90_000_000n, 90_000_000],
    [FOREVER, null],
    [2n ** 60n, null],
  ])("RuntimeMaxUSec %s", (value, runtimeMax) =>
    expect(read(["RuntimeMaxUSec", "t", value])).toEqual({ ...NOTHING_ASKED, runtimeMax }),
  );

  it("holds together, and the last of one name", () => {
    const rows: Row[] = [
      ["TasksMax", "t", 1n],
      ["IOWeight", "t", 7n],
      ["TasksMax", "t", 2n],
      ["RuntimeMaxUSec", "t", 5n],
    ];
    expect(read(...rows)).toEqual({
      limits: { "pids.max": "2", "io.weight": "7" },
      runtimeMax: 5,
      passedOver: [],
    });
  });
});

describe("what is refused", () => {
  it.each<Row>([
    ["MemoryMax", "t", 0n],
    ["MemoryMaxScale", "u", 0],
    ["TasksMax", "t", 0n],
    ["CPUWeight", "t", 0n],
    ["IOWeight", "t", 10_001n],
    ["RuntimeMaxUSec", "t", 0n],
    ["MemoryMax", "s", "1G"],
    ["MemoryMax", "u", 4096],
    ["MemoryMaxScale", "t", 1n],
    ["RuntimeMaxUSec", "x", 1n],
    ["TasksMax", "at", [1n]],
  ])("%s %s %s", (...row) => {
    expect(() => read(row)).toThrow(DBusError);
    expect(() => read(row)).toThrow(row[0]);
  });
});

describe("what nobody knows", () => {
  it.each(["CPUQuotaPerSecUSec", "", "toString", "__proto__"])("%j is passed over", (name) => {
    const { limits, runtimeMax, passedOver } = read([name, "s", "x"], ["TasksMax", "t", 2n]);
    expect([limits, runtimeMax, passedOver]).toEqual([
      { "pids.max": "2" },
      null,
      [`${name}, which is not known`],
    ]);
  });

  it("is told of without its length and its control characters", () => {
    expect(read([`\u001b[2J${"x".repeat(1000)}`, "s", ""]).passedOver[0]?.length).toBeLessThan(100);
    expect(read(["a\u001bb", "s", ""]).passedOver).toEqual(["a?b, which is not known"]);
  });
});
