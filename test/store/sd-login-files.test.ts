/** The exported state files on disk: what readers can see between any two writes, and what becomes of failures. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { World } from "../../daemon/src/core/model.ts";
import { type StateName, stateFile, stateNames } from "../../daemon/src/store/sd-login.ts";
import { createStateFiles, type StateFiles } from "../../daemon/src/store/sd-login-files.ts";
import {
  CLOSING,
  EMPTY,
  OPENING,
  onVt,
  RUNNING,
  session,
  withoutSession,
  withSession,
  withVt,
  worldOf,
} from "./sd-login-worlds.ts";

let directory: string;
let files: StateFiles;
let writes: string[];
let said: string[];
/** Decides which writes fail. */
let fails: (name: string) => boolean;
/** What somebody who looks after each write finds wrong. */
let wrong: unknown[];
let look: () => void;

function open(): StateFiles {
  const log = (level: string) => (message: string) => void said.push(`${level}: ${message}`);
  return createStateFiles({
    directory,
    log: { info: log("info"), warn: log("warn"), error: log("error") },
    writeFile(path, content) {
      const name = path.slice(directory.length + 1);
      if (fails(name)) throw new Error("ENOSPC");
      const temporary = path.replace(/[^/]*$/, ".#$&");
      writeFileSync(temporary, content);
      renameSync(temporary, path);
      writes.push(name);
      try {
        look();
      } catch (error) {
        wrong.push(error);
      }
    },
  });
}

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), "sessionman-sd-login-")), "systemd");
  [writes, said, wrong] = [[], [], []];
  fails = () => false;
  look = () => {};
  files = open();
});
afterEach(() => {
  files.close();
  vi.useRealTimers();
  rmSync(join(directory, ".."), { recursive: true });
});

/** What lies in the directories that are ours. */
function onDisk(): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of ["sessions", "seats", "users"])
    for (const name of readdirSync(`${directory}/${folder}`))
      found.set(`${folder}/${name}`, readFileSync(`${directory}/${folder}/${name}`, "utf8"));
  return found;
}

function expected(world: World): Map<string, string | null> {
  return new Map(stateNames(world).map((name) => [name, stateFile(world, name)]));
}

function value(content: string, key: string): string {
  return new RegExp(`^${key}=(.*)$`, "m").exec(content)?.[1] ?? "";
}

/** No list names a session without a file, no seat shows two sessions, and udev has both halves or none. */
function expectSound(): void {
  const found = onDisk();
  const active: string[] = [];
  for (const [name, content] of found) {
    if (name.startsWith("sessions/")) {
      if (value(content, "SEAT") === "seat0" && value(content, "ACTIVE") === "1") active.push(name);
      continue;
    }
    for (const key of [
      "SESSIONS",
      "ACTIVE_SESSIONS",
      "ONLINE_SESSIONS",
      name === "seats/seat0" ? "ACTIVE" : "DISPLAY",
    ])
      for (const id of value(content, key).split(" ").filter(Boolean))
        expect(found.has(`sessions/${id}`), `${name} names ${id} by ${key}`).toBe(true);
    if (name === "seats/seat0")
      expect(value(content, "ACTIVE") === "").toBe(value(content, "ACTIVE_UID") === "");
  }
  expect(active.length, active.join()).toBeLessThan(2);
}

/** What a file lets its reader allow: to whom udev gives devices, whom polkit takes for active and local. */
function grant(name: string, content: string): string {
  if (name.startsWith("seats/")) return value(content, "ACTIVE_UID");
  if (name.startsWith("users/")) return value(content, "STATE") === "active" ? "active" : "";
  return value(content, "ACTIVE") === "1" ? value(content, "SEAT") : "";
}

/** No file grants what the World does not. */
function expectNothingStale(world: World): void {
  for (const [name, content] of onDisk())
    if (grant(name, content) !== "")
      expect(grant(name, stateFile(world, name as StateName) ?? ""), name).toBe(grant(name, content));
}

type Change = (world: World, published: World) => World;

const ids = fc.integer({ min: 1, max: 6 }).map(String);
const changes: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({
      id: ids,
      uid: fc.constantFrom(1000, 1001),
      type: fc.constantFrom("tty" as const, "wayland" as const, "unspecified" as const),
      place: fc.constantFrom({}, onVt(1), onVt(2)),
      stage: fc.constantFrom(OPENING, RUNNING, RUNNING, CLOSING),
    })
    .map(
      ({ id, uid, type, place, stage }): Change =>
        (world) => {
          const known = world.sessions.get(id);
          return withSession(
            world,
            known === undefined ? session(id, { uid, type, ...place, stage }) : { ...known, type, stage },
          );
        },
    ),
  // everybody is told that a session closes before it is gone
  ids.map(
    (id): Change =>
      (world, published) =>
        published.sessions.get(id)?.stage.phase === "closing" ? withoutSession(world, id) : world,
  ),
  fc.integer({ min: 0, max: 3 }).map(
    (vt): Change =>
      (world) =>
        withVt(world, vt),
  ),
  fc.constantFrom(1000, 1001).map(
    (uid): Change =>
      (world) => ({
        ...world,
        lingering: world.lingering.has(uid)
          ? world.lingering.without(uid)
          : world.lingering.with(uid, `u${uid}`),
      }),
  ),
);
/** Several changes at once, then several at once, and so on. */
const histories = fc.array(fc.array(changes, { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 12,
});

describe("any history of Worlds", () => {
  it("leaves the files of the last one, and whoever reads meanwhile finds nothing that contradicts itself", () => {
    look = expectSound;
    fc.assert(
      fc.property(histories, (history) => {
        files.close();
        rmSync(directory, { recursive: true, force: true });
        wrong = [];
        files = open();
        let world = EMPTY;
        files.published(EMPTY, world);
        for (const changed of history) {
          const before = world;
          world = changed.reduce((now, change) => change(now, before), world);
          writes.length = 0;
          const was = onDisk();
          files.published(before, world);
          expect(onDisk()).toEqual(expected(world));
          for (const name of writes)
            expect(was.get(name), `${name} was written in vain`).not.toBe(
              stateFile(world, name as StateName),
            );
          expectSound();
          expect(wrong).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("with a disk that is full now and then grants nothing that is over, and ends in order", () => {
    vi.useFakeTimers();
    fc.assert(
      fc.property(histories, fc.array(fc.boolean(), { minLength: 5, maxLength: 30 }), (history, full) => {
        let turn = 0;
        fails = () => full[turn++ % full.length] ?? false;
        files.close();
        rmSync(directory, { recursive: true, force: true });
        files = open();
        let world = EMPTY;
        files.published(EMPTY, world);
        for (const changed of history) {
          const before = world;
          world = changed.reduce((now, change) => change(now, before), world);
          files.published(before, world);
          expectNothingStale(world);
        }
        fails = () => false;
        vi.advanceTimersByTime(1000);
        expect(onDisk()).toEqual(expected(world));
      }),
      { numRuns: 300 },
    );
  });
});

describe("the order of writes", () => {
  it("is sessions, seats, users; who loses before who gains", () => {
    const before = worldOf(session("1", onVt(1)), session("2", { uid: 1001, ...onVt(2) }));
    files.published(EMPTY, before);
    writes.length = 0;
    files.published(before, withVt(before, 2));
    expect(writes).toEqual(["sessions/1", "sessions/2", "seats/seat0", "users/1000", "users/1001"]);
    writes.length = 0;
    files.published(withVt(before, 2), before);
    expect(writes).toEqual(["sessions/2", "sessions/1", "seats/seat0", "users/1001", "users/1000"]);
  });

  it("has nobody on a seat twice, even where a session is gone without a word", () => {
    const before = worldOf(session("1", onVt(1)));
    files.published(EMPTY, before);
    look = () => expect(existsSync(`${directory}/sessions/1`)).toBe(false);
    files.published(before, worldOf(session("2", { uid: 1001, ...onVt(1) })));
    expect(writes).toContain("sessions/2");
    expect(wrong).toEqual([]);
  });

  it("of a login without a seat is two files", () => {
    const before = worldOf(session("1", onVt(1)));
    files.published(EMPTY, before);
    writes.length = 0;
    files.published(before, withSession(before, session("2", { uid: 1001 })));
    expect(writes).toEqual(["sessions/2", "users/1001"]);
  });
});

describe("the start", () => {
  it("makes what readers watch, and not what says that systemd runs", () => {
    files.published(EMPTY, EMPTY);
    expect(readdirSync(directory).sort()).toEqual(["inhibit", "machines", "seats", "sessions", "users"]);
    for (const folder of readdirSync(directory))
      expect(statSync(`${directory}/${folder}`).mode & 0o7777).toBe(0o755);
  });

  it("removes what does not belong and writes the rest again", () => {
    mkdirSync(`${directory}/sessions/7`, { recursive: true, mode: 0o700 });
    chmodSync(`${directory}/sessions`, 0o700);
    for (const name of ["sessions/1", "sessions/99", "sessions/99.ref", "sessions/.#1", "sessions/1.tmp"])
      writeFileSync(`${directory}/${name}`, "ACTIVE=1\n");
    for (const name of ["inhibit", "machines"]) {
      mkdirSync(`${directory}/${name}`);
      writeFileSync(`${directory}/${name}/1`, "someone else's");
    }
    const world = worldOf(session("1", onVt(2)));
    files.published(EMPTY, world);
    expect(onDisk()).toEqual(expected(world));
    expect(statSync(`${directory}/sessions`).mode & 0o7777).toBe(0o755);
    expect(existsSync(`${directory}/inhibit/1`)).toBe(true);
    expect(existsSync(`${directory}/machines/1`)).toBe(true);
    expect(said).toEqual([]);
  });

  it("with a full disk takes away what an earlier daemon wrote", () => {
    mkdirSync(`${directory}/users`, { recursive: true });
    writeFileSync(`${directory}/users/1000`, "STATE=active\n");
    fails = () => true;
    files.published(EMPTY, worldOf(session("1", onVt(2))));
    expect([...onDisk().keys()]).toEqual([]);
  });
});

describe("a write that fails", () => {
  beforeEach(() => void vi.useFakeTimers());

  it("is tried again after a second, and said once", () => {
    files.published(EMPTY, EMPTY);
    fails = () => true;
    const world = worldOf(session("1", onVt(1)), session("2"));
    files.published(EMPTY, world);
    vi.advanceTimersByTime(5000);
    expect(said).toEqual([`error: cannot write ${directory}/sessions/2: ENOSPC`]);
    fails = () => false;
    vi.advanceTimersByTime(1000);
    expect(onDisk()).toEqual(expected(world));
    expect(said.slice(1)).toEqual([`info: the files below ${directory} are complete again`]);
    writes.length = 0;
    vi.advanceTimersByTime(5000);
    expect(writes).toEqual([]);
  });

  it("is tried again at the next change", () => {
    files.published(EMPTY, EMPTY);
    fails = (name) => name === "sessions/1";
    const one = worldOf(session("1"));
    files.published(EMPTY, one);
    fails = () => false;
    const two = withSession(one, session("2", { uid: 1001 }));
    files.published(one, two);
    expect(onDisk()).toEqual(expected(two));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not make thousands of attempts a second", () => {
    files.published(EMPTY, EMPTY);
    let attempts = 0;
    fails = () => ++attempts > 0;
    files.published(EMPTY, worldOf(...Array.from({ length: 100 }, (_, i) => session(String(i + 1)))));
    expect(attempts).toBe(8);
  });

  it("because the directory was removed makes everything again", () => {
    const one = worldOf(session("1"));
    files.published(EMPTY, one);
    rmSync(directory, { recursive: true });
    fails = () => !existsSync(`${directory}/users`);
    const two = withSession(one, session("2", { uid: 1001 }));
    files.published(one, two);
    vi.advanceTimersByTime(1000);
    expect(onDisk()).toEqual(expected(two));
  });
});
