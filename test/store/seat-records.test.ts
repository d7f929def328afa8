/** A seat's record: what is written reads back as it was, and nothing else does. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SeatRecord } from "../../daemon/src/core/seat-events.ts";
import { createStore } from "../../daemon/src/store/files.ts";
import { parseSeat, renderSeat } from "../../daemon/src/store/render-seat.ts";

const seat: SeatRecord = { id: "seat-usb_3", chosen: "7", granted: [1000, 0] };
const written = renderSeat(seat, "boot", crc32);

describe("a seat's record", () => {
  it("reads back as it was", () => {
    expect(parseSeat(seat.id, written, "boot", crc32)).toEqual(seat);
    const empty: SeatRecord = { id: "seat0", chosen: null, granted: [] };
    expect(parseSeat("seat0", renderSeat(empty, "boot", crc32), "boot", crc32)).toEqual(empty);
  });

  it("holds no more than what is to be written down", () => {
    const whole = { ...seat, hasVts: true, activeVt: 3 } as SeatRecord;
    expect(renderSeat(whole, "boot", crc32)).toBe(written);
  });

  it("of another boot, or under another name, is not ours", () => {
    expect(parseSeat(seat.id, written, "later", crc32)).toBeNull();
    expect(parseSeat("seat0", written, "boot", crc32)).toBeNull();
  });

  it.each([
    ["id", "seat/3"],
    ["id", "seat"],
    ["chosen", "0"],
    ["chosen", 7],
    ["chosen", undefined],
    ["granted", null],
    ["granted", [-1]],
    ["granted", [65535]],
    ["granted", ["1000"]],
    ["granted", Array.from({ length: 1025 }, (_, uid) => uid)],
  ])("with a proper checksum but %s = %j is damaged", (key, value) => {
    const hostile = { ...seat, [key]: value } as SeatRecord;
    expect(parseSeat(hostile.id, renderSeat(hostile, "boot", crc32), "boot", crc32)).toBeNull();
  });

  it("without the checksum is damaged", () => {
    expect(parseSeat(seat.id, written.replace("1000", "1001"), "boot", crc32)).toBeNull();
  });
});

describe("the store", () => {
  let run = "";
  const complaints: string[] = [];

  beforeEach(() => {
    run = mkdtempSync(join(tmpdir(), "seats-"));
    complaints.length = 0;
  });
  afterEach(() => rmSync(run, { recursive: true }));

  const open = () =>
    createStore({
      run,
      lingering: `${run}/linger`,
      boot: "boot",
      kernel: { writeFile: (path, content) => writeFileSync(path, content), checksum: crc32 },
      log: { info() {}, warn() {}, error: (message) => complaints.push(message) },
    });

  it("keeps seats until they are erased", () => {
    const store = open();
    expect(store.load().seats).toEqual([]);
    store.saveSeat(seat);
    store.saveSeat({ ...seat, id: "seat0" });
    store.eraseSeat("seat0");
    store.eraseSeat("seat0");
    expect(open().load().seats).toEqual([seat]);
  });

  it("moves a damaged record aside", () => {
    open().load();
    writeFileSync(`${run}/seats/seat0`, "seat0\n");
    expect(open().load().seats).toEqual([]);
    expect(readdirSync(`${run}/seats`)).toEqual(["seat0.damaged"]);
    expect(readFileSync(`${run}/seats/seat0.damaged`, "utf8")).toBe("seat0\n");
    expect(complaints).toHaveLength(1);
  });
});
