/** Inhibitors' records: what is written reads back as it was, and nothing else does. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Inhibitor } from "../../daemon/src/core/model.ts";
import { createMemoryKernel } from "../../daemon/src/kernel/memory.ts";
import { createStore } from "../../daemon/src/store/files.ts";
import { recover } from "../../daemon/src/store/recover.ts";
import { parseInhibitor, renderInhibitor } from "../../daemon/src/store/render-inhibitor.ts";

const inhibitor: Inhibitor = {
  id: 7,
  what: ["shutdown", "sleep"],
  who: "Updater “dnf”",
  why: "",
  mode: "block-weak",
  uid: 1000,
  pid: 4711,
  created: { realtime: 1_700_000_000_000_000, monotonic: 5_000_000 },
};

const write = (over: object) => renderInhibitor({ ...inhibitor, ...over } as Inhibitor, "boot", crc32);
const read = (text: string) => parseInhibitor(7, text, "boot", crc32);

describe("an inhibitor's record", () => {
  it("reads back as it was", () => {
    expect(read(write({}))).toEqual(inhibitor);
    expect(read(write({ why: "é".repeat(512), who: "" }))?.why).toHaveLength(512);
  });

  it("of another boot, or under another name, is not ours", () => {
    expect(parseInhibitor(7, write({}), "later", crc32)).toBeNull();
    expect(parseInhibitor(8, write({}), "boot", crc32)).toBeNull();
  });

  it.each([
    ["id", "7"],
    ["what", []],
    ["what", ["hibernation"]],
    ["what", ["sleep", ""]],
    ["mode", "toString"],
    ["mode", null],
    ["who", 7],
    ["who", "\u001b[2J"],
    ["why", "x".repeat(1025)],
    ["uid", -1],
    ["uid", 65535],
    ["pid", -1],
    ["pid", 1.5],
    ["created", null],
    ["created", { realtime: 1, monotonic: "1" }],
  ])("with a proper checksum but %s = %j is damaged", (key, value) => {
    expect(read(write({ [key]: value }))).toBeNull();
  });

  it("never makes the reader throw, whatever it holds", () => {
    fc.assert(
      fc.property(fc.json(), (content) => {
        const wrapped = `{"format":1,"boot":"boot","checksum":${crc32(content)},"record":${content}}`;
        expect(() => read(wrapped)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});

describe("what a starting daemon finds of inhibitors", () => {
  it("is which of them are held, and what a crash left", () => {
    const run = mkdtempSync(join(tmpdir(), "sessionman-inhibitors-"));
    const log = { info() {}, warn() {}, error() {} };
    const writeFile = (path: string, content: string) => writeFileSync(path, content);
    const files = { writeFile, checksum: crc32 };
    const store = createStore({ run, lingering: `${run}/linger`, boot: "boot", kernel: files, log });
    store.load();
    const kernel = createMemoryKernel();
    for (const id of [7, 8, 9]) kernel.createInhibitor(id);
    for (const id of [7, 8, 10]) store.saveInhibitor({ ...inhibitor, id });
    kernel.openInhibitor(7);
    writeFileSync(`${run}/inhibitors/7.ref`, "stands for a FIFO");
    writeFileSync(`${run}/inhibitors/11`, "damaged");
    const found = recover(store, kernel);
    expect(found.inhibitors.map(({ record, held }) => [record.id, held])).toEqual([
      [10, false],
      [7, true],
      [8, false],
    ]);
    expect(found.orphanInhibitors).toEqual([9]);
    store.eraseInhibitor(7);
    store.eraseInhibitor(7);
    expect(readdirSync(`${run}/inhibitors`).sort()).toEqual(["10", "11.damaged", "7.ref", "8"]);
    rmSync(run, { recursive: true });
  });
});
