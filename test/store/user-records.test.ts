/** Users' records: what is written of their service managers reads back as it was, and nothing else does. */

import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Manager, User } from "../../daemon/src/core/model.ts";
import { RECORD_MAX } from "../../daemon/src/store/envelope.ts";
import { parseUser, renderUser } from "../../daemon/src/store/render-user.ts";

const BACKEND = "/usr/lib/sessionman/backends/runit";

const user: User = {
  uid: 1000,
  gid: 1000,
  name: "alice",
  groups: [1000, 27],
  created: { realtime: 1_700_000_000_000_000, monotonic: 5_000_000 },
  runtime: { state: "none" },
  sessions: new Set(),
  manager: { state: "running", backend: BACKEND, pid: 4711, since: 1_700_000_000_000_001, message: "" },
  deaths: [4_000_000, 4_500_000],
  impatient: true,
  imported: new Map([
    ["WAYLAND_DISPLAY", { value: "wayland-0", session: "7" }],
    ["PROMPT", { value: "\u001b[1m\t$ ", session: null }],
  ]),
  graphical: "7",
  guessed: false,
};

const read = (text: string) => parseUser(1000, text, "boot", crc32);
const write = (written: User) => renderUser(written, "boot", crc32);

const managers: Manager[] = [
  { state: "none" },
  { state: "starting", backend: BACKEND, pid: 0, since: 1, message: "" },
  { state: "ready", backend: BACKEND, pid: 1, since: 1, message: "" },
  { state: "running", backend: BACKEND, pid: 2 ** 22, since: 1, message: "exit code 3" },
  { state: "stopping", backend: "", pid: 0, since: 1, cause: "unneeded", step: "asked", message: "" },
  { state: "stopping", backend: BACKEND, pid: 9, since: 1, cause: "slow", step: "term", message: "why" },
  { state: "stopping", backend: BACKEND, pid: 9, since: 1, cause: "died", step: "killed", message: "" },
  { state: "failed", backend: BACKEND, since: 1, message: "it ended 5 times within a minute" },
];

describe("a user's record", () => {
  it.each(managers)("reads back as it was with a manager that is %o", (manager) => {
    expect(read(write({ ...user, manager }))).toEqual({ ...user, manager });
  });

  it("says whether it is a guess", () => {
    expect(read(write({ ...user, guessed: true }))?.guessed).toBe(true);
  });

  it("keeps neither the runtime directory nor the sessions: those are found", () => {
    const busy: User = { ...user, runtime: { state: "creating" }, sessions: new Set(["7"]) };
    expect(read(write(busy))).toEqual(user);
  });

  it("of a daemon that knew no service managers has none", () => {
    const { uid, gid, name, groups, created } = user;
    const record = JSON.stringify({ uid, gid, name, groups, created });
    const text = `{"format":1,"boot":"boot","checksum":${crc32(record)},"record":${record}}\n`;
    expect(read(text)).toEqual({
      ...user,
      manager: { state: "none" },
      deaths: [],
      impatient: false,
      imported: new Map(),
      graphical: null,
    });
  });

  it("has room for as many variables as there may be, each character escaped", () => {
    const imported = new Map(
      [1, 2, 3, 4].map((n) => [`V${n}`, { value: "\u0001".repeat(4096), session: null }]),
    );
    const text = write({ ...user, imported });
    expect(text.length).toBeLessThan(RECORD_MAX);
    expect(read(text)).toEqual({ ...user, imported });
  });

  const up = user.manager;
  const stopping = managers[5] as Manager;
  it.each([
    ["manager", null],
    ["manager", { state: "toString" }],
    ["manager", { ...up, backend: "runit" }],
    ["manager", { ...up, backend: "/a\nb" }],
    ["manager", { ...up, backend: 7 }],
    ["manager", { ...up, pid: -1 }],
    ["manager", { ...up, pid: 1.5 }],
    ["manager", { ...up, pid: 2 ** 31 }],
    ["manager", { ...up, since: "1" }],
    ["manager", { ...up, message: "\u001b]0;" }],
    ["manager", { ...up, message: undefined }],
    ["manager", { ...stopping, cause: "none" }],
    ["manager", { ...stopping, step: "" }],
    ["manager", { state: "failed", backend: BACKEND, since: 1 }],
    ["deaths", null],
    ["deaths", ["1"]],
    ["deaths", [null]],
    ["deaths", Array.from({ length: 65 }, () => 1)],
    ["impatient", 1],
    ["graphical", "x"],
    ["graphical", 7],
    ["guessed", "no"],
    ["imported", new Map([["A=B", { value: "", session: null }]])],
    ["imported", new Map([["", { value: "", session: null }]])],
    ["imported", new Map([["A", { value: "a\nb", session: null }]])],
    ["imported", new Map([["A", { value: "a\0b", session: null }]])],
    ["imported", new Map([["A", { value: 7, session: null }]])],
    ["imported", new Map([["A", { value: "x".repeat(4097), session: null }]])],
    ["imported", new Map([["A", { value: "", session: "0" }]])],
  ])("with a proper checksum but %s = %o is damaged", (key, value) => {
    expect(read(write({ ...user, [key]: value } as User))).toBeNull();
  });

  it("never makes the reader throw, whatever is in the place of the services", () => {
    const { uid, gid, name, groups, created } = user;
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("manager", "deaths", "imported", ""), (value, key) => {
        const whole = {
          manager: { state: "none" },
          deaths: [],
          impatient: false,
          imported: [],
          graphical: null,
        };
        const services = key === "" ? value : { ...whole, [key]: value };
        const record = JSON.stringify({ uid, gid, name, groups, created, services });
        const text = `{"format":1,"boot":"boot","checksum":${crc32(record)},"record":${record}}`;
        expect(() => read(text)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});
