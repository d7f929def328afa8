/** Records: what is written reads back as it was, and nothing else does. */

import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Session } from "../../daemon/src/core/model.ts";
import { createStore, type Store } from "../../daemon/src/store/files.ts";
import { parseSession, renderSession } from "../../daemon/src/store/render.ts";
import { session as anySession } from "./sd-login-worlds.ts";

const session: Session = anySession("7", {
  user: "alice",
  seat: "seat0",
  vtnr: 2,
  tty: "tty2",
  leader: { pid: 4711, start: "12345", inode: "99", executable: "8:1" },
  nonce: "0".repeat(32),
});

const CONTROL = { name: ":1.42", bus: "0".repeat(32), uid: 0, pid: 1, originalType: "tty" };

const DEVICE = {
  key: 4_000_000_000,
  kind: "drm",
  major: 226,
  minor: 0,
  node: "/dev/dri/card0",
  path: "/sys/devices/pci0000:00/drm/card0",
  state: "paused",
  told: "active",
  tries: 20,
  answered: true,
} as const;

const text = renderSession(session, "boot", crc32);

describe("a session's record", () => {
  it("reads back as it was", () => {
    expect(parseSession("7", text, "boot", crc32)).toEqual(session);
  });

  it("says what the session said of itself, who controls it, and how it is limited", () => {
    const control = {
      name: ":1.42",
      bus: "0123456789abcdef".repeat(2),
      uid: 0,
      pid: 1,
      originalType: "tty" as const,
      seat: "enabled" as const,
      vt: false,
    };
    const said = { lockedHint: true, idleHint: true, idleSince: { realtime: 7, monotonic: 6 }, control };
    const limits = { "memory.max": "12.5%", "pids.max": "max", "io.weight": "7" };
    const told = { ...session, ...said, limits, runtimeMax: 90_000_000 };
    expect(parseSession("7", renderSession(told, "boot", crc32), "boot", crc32)).toEqual(told);
  });

  it("says what is taken, and from which of its seats", () => {
    const taken: Session = {
      ...session,
      seat: "seat-usb_3",
      vtnr: 0,
      position: 2,
      devices: [
        DEVICE,
        { ...DEVICE, key: 1, kind: "evdev", major: 13, minor: 64, state: "active", tries: 3 },
      ],
      control: { ...CONTROL, name: "7", bus: "seatd", originalType: "tty", seat: "disabling", vt: true },
    };
    expect(parseSession("7", renderSession(taken, "boot", crc32), "boot", crc32)).toEqual(taken);
  });

  it("of a daemon that took no devices reads as if none were taken", () => {
    const { position: _1, devices: _2, ...old } = { ...session, control: CONTROL };
    expect(parseSession("7", renderSession(old as unknown as Session, "boot", crc32), "boot", crc32)).toEqual(
      {
        ...session,
        control: { ...CONTROL, seat: "enabled", vt: false },
      },
    );
  });

  it("of a daemon that knew nothing of that reads as if nothing was said", () => {
    const { lockedHint: _1, idleHint: _2, idleSince: _3, control: _4, ...known } = session;
    const { limits: _5, runtimeMax: _6, ...old } = known;
    expect(parseSession("7", renderSession(old as Session, "boot", crc32), "boot", crc32)).toEqual(session);
  });

  it.each([
    ["an empty file", ""],
    ["half of it", text.slice(0, text.length / 2)],
    ["zeros", "\0".repeat(text.length)],
    ["an array", "[]"],
    ["null", "null"],
    ["another user with the old checksum", text.replace('"uid":1000', '"uid":0')],
    ["a very long file", `${" ".repeat(300_000)}${text}`],
  ])("is damaged when it is %s", (_what, content) => {
    expect(parseSession("7", content, "boot", crc32)).toBeNull();
  });

  it("of another boot, or under another name, is not ours", () => {
    expect(parseSession("7", text, "later", crc32)).toBeNull();
    expect(parseSession("8", text, "boot", crc32)).toBeNull();
  });

  it.each([
    ["uid", -1],
    ["uid", "1000"],
    ["uid", 65535],
    ["user", ""],
    ["user", "../etc"],
    ["user", "a\nb"],
    ["type", "toString"],
    ["class", "root"],
    ["seat", "seat/9"],
    ["seat", "seat"],
    ["seat", "SEAT0"],
    ["position", -1],
    ["position", 1.5],
    ["devices", {}],
    ["devices", [null]],
    ["devices", [DEVICE, DEVICE]],
    ["devices", [{ ...DEVICE, key: -1 }]],
    ["devices", [{ ...DEVICE, kind: "block" }]],
    ["devices", [{ ...DEVICE, major: 4096 }]],
    ["devices", [{ ...DEVICE, minor: 1_048_576 }]],
    ["devices", [{ ...DEVICE, node: "dri/card0" }]],
    ["devices", [{ ...DEVICE, state: "live" }]],
    ["devices", [{ ...DEVICE, told: "gone" }]],
    ["devices", Array.from({ length: 1025 }, (_, key) => ({ ...DEVICE, key }))],
    ["vtnr", 64],
    ["vtnr", 1.5],
    ["remote", "yes"],
    ["leader", { pid: -1, start: "", inode: "", executable: "" }],
    ["leader", null],
    ["stage", { phase: "asleep" }],
    ["stage", { phase: "closing", reason: "none", since: 0, stop: "none" }],
    ["created", { realtime: null, monotonic: 0 }],
    ["tty", "\u001b]0;"],
    ["lockedHint", null],
    ["idleHint", 1],
    ["idleSince", 7],
    ["limits", "none"],
    ["limits", { "pids.max": 7 }],
    ["runtimeMax", 0],
    ["runtimeMax", "1h"],
    ["control", ":1.42"],
    ["control", { ...CONTROL, name: "org.example.Name" }],
    ["control", { ...CONTROL, bus: "" }],
    ["control", { ...CONTROL, uid: -1 }],
    ["control", { ...CONTROL, pid: null }],
    ["control", { ...CONTROL, originalType: "none" }],
    ["control", { ...CONTROL, seat: "gone" }],
    ["control", { ...CONTROL, vt: 1 }],
    ["control", { ...CONTROL, bus: "seatd" }],
    ["control", { ...CONTROL, bus: "seatd", name: "4294967296" }],
    ["control", { ...CONTROL, name: "7" }],
  ])("with a proper checksum but %s = %j is damaged", (key, value) => {
    const hostile = renderSession({ ...session, [key]: value } as Session, "boot", crc32);
    expect(parseSession("7", hostile, "boot", crc32)).toBeNull();
  });

  it("never makes the reader throw, whatever it holds", () => {
    fc.assert(
      fc.property(fc.json(), (content) => {
        const wrapped = `{"format":1,"boot":"boot","checksum":${crc32(content)},"record":${content}}`;
        expect(() => parseSession("7", wrapped, "boot", crc32)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});

const BOOT = "5b0c7f36-97cb-4b7e-b5ad-5d1f3a2f0c11";

describe("the store", () => {
  let run: string;
  let store: Store;
  const errors: string[] = [];
  const log = { info: () => {}, warn: () => {}, error: (message: string) => void errors.push(message) };
  const open = (boot: string): Store =>
    createStore({
      run,
      lingering: `${run}/linger`,
      boot,
      kernel: { writeFile: (path, content) => writeFileSync(path, content), checksum: crc32 },
      log,
    });

  beforeEach(() => {
    run = mkdtempSync(join(tmpdir(), "sessionman-store-"));
    store = open(BOOT);
    store.load();
    errors.length = 0;
  });
  afterEach(() => rmSync(run, { recursive: true }));

  it("finds again what it wrote", () => {
    store.saveSession(session);
    store.reserveIds(101);
    const loaded = open(BOOT).load();
    expect(loaded.sessions).toEqual([session]);
    expect(loaded.nextId).toBe(101);
  });

  it("begins anew after a boot", () => {
    store.saveSession(session);
    store.reserveIds(101);
    const loaded = open("99999999-0000-4000-8000-000000000000").load();
    expect(loaded).toEqual({ nextId: 1, sessions: [], users: [], inhibitors: [], seats: [], lingering: [] });
  });

  it("moves damaged records aside, one by one, and names them", () => {
    store.saveSession(session);
    const folder = `${run}/sessions`;
    writeFileSync(`${folder}/8`, "");
    writeFileSync(`${folder}/9`, text.slice(0, 100));
    writeFileSync(`${folder}/__proto__`, text);
    mkdirSync(`${folder}/10`);
    symlinkSync("/etc/passwd", `${folder}/11`);
    execFileSync("mkfifo", [`${folder}/12`]);
    writeFileSync(`${folder}/.#13`, "half");
    mkdirSync(`${folder}/.#14`);
    expect(store.load().sessions).toEqual([session]);
    expect(errors).toHaveLength(7);
    expect(readdirSync(folder).sort()).toEqual([
      ".#14",
      "10.damaged",
      "11.damaged",
      "12.damaged",
      "7",
      "8.damaged",
      "9.damaged",
      "__proto__.damaged",
    ]);
    expect(readFileSync("/etc/passwd", "utf8")).toContain("root");
  });

  it.each(["", "x", `${BOOT} `, `${BOOT} 0\n`, `${BOOT} -5\n`, "1\n"])(
    "uses no id again when what is left of next-id is %j",
    (content) => {
      store.reserveIds(101);
      writeFileSync(`${run}/next-id`, content);
      expect(store.load().nextId).toBeGreaterThan(1_000_000);
      expect(errors).toHaveLength(1);
    },
  );

  it("erases twice without complaint", () => {
    store.saveSession(session);
    store.eraseSession("7");
    store.eraseSession("7");
    expect(store.load().sessions).toEqual([]);
  });
});
