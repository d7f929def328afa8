/** Any history of Worlds on disk: what is left, and what readers can see between any two changes. */

import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { World } from "../../daemon/src/core/model.ts";
import type { StateName } from "../../daemon/src/store/sd-login.ts";
import { expected, expectNothingStale, expectSound, fileOf, onDisk, useDisk } from "./sd-login-rig.ts";
import {
  CLOSING,
  EMPTY,
  inhibitor,
  OPENING,
  onVt,
  RUNNING,
  session,
  withoutSession,
  withSession,
  withVt,
  worldOf,
} from "./sd-login-worlds.ts";

const watcher = vi.hoisted(() => ({ unlinked: (_path: string) => {} }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const unlinkSync = (path: string) => {
    fs.unlinkSync(path);
    watcher.unlinked(path);
  };
  return { ...fs, unlinkSync };
});

const disk = useDisk();
watcher.unlinked = (path) => disk.unlinked(path);

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
  fc.integer({ min: 1, max: 3 }).map(
    (id): Change =>
      (world) => ({
        ...world,
        inhibitors: world.inhibitors.has(id)
          ? world.inhibitors.without(id)
          : world.inhibitors.with(id, inhibitor(id)),
      }),
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

/** Each World with the one before it; nothing of the first is left to publish. */
function* worldsOf(history: readonly Change[][]): Generator<[before: World, world: World]> {
  let world = EMPTY;
  disk.files.published(EMPTY, world);
  for (const changed of history) {
    const before = world;
    world = changed.reduce((now, change) => change(now, before), world);
    yield [before, world];
  }
}

describe("any history of Worlds", () => {
  it("leaves the files of the last one, and whoever reads meanwhile finds nothing that contradicts itself", () => {
    disk.look = () => expectSound(disk);
    fc.assert(
      fc.property(histories, (history) => {
        disk.clear();
        for (const [before, world] of worldsOf(history)) {
          disk.writes.length = 0;
          const was = onDisk(disk);
          disk.files.published(before, world);
          expect(onDisk(disk)).toEqual(expected(world));
          for (const name of disk.writes)
            expect(was.get(name), `${name} was written in vain`).not.toBe(fileOf(world, name as StateName));
          expectSound(disk);
          expect(disk.wrong).toEqual([]);
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
        disk.fails = () => full[turn++ % full.length] ?? false;
        disk.clear();
        let last = EMPTY;
        for (const [before, world] of worldsOf(history)) {
          last = world;
          disk.files.published(before, world);
          expectNothingStale(disk, world);
        }
        disk.fails = () => false;
        vi.advanceTimersByTime(1000);
        expect(onDisk(disk)).toEqual(expected(last));
      }),
      { numRuns: 300 },
    );
  });
});

describe("the order of removals", () => {
  const changesBetween = (before: World, after: World) => {
    disk.files.published(EMPTY, before);
    disk.changes.length = 0;
    disk.files.published(before, after);
    return disk.changes;
  };

  it("is inhibitors, users, seats, sessions: a file goes after the last that names it", () => {
    const one = session("1", { stage: CLOSING });
    const two = session("2", { uid: 1001, stage: CLOSING });
    const inhibitors = EMPTY.inhibitors.with(7, inhibitor(7));
    disk.look = () => expectSound(disk);
    expect(changesBetween({ ...worldOf(one, two), inhibitors }, EMPTY)).toEqual([
      "-inhibit/7",
      "-users/1000",
      "-users/1001",
      "-sessions/1",
      "-sessions/2",
    ]);
    expect(disk.wrong).toEqual([]);
  });

  it("has what stays written before what it named goes", () => {
    const before = worldOf(session("1", { stage: CLOSING }), session("2"));
    disk.look = () => expectSound(disk);
    expect(changesBetween(before, withoutSession(before, "1"))).toEqual(["+users/1000", "-sessions/1"]);
    expect(disk.wrong).toEqual([]);
  });

  it("is the same where a file could not be written before", () => {
    const before = worldOf(session("1", { stage: CLOSING }));
    const more = withSession(before, session("2", { stage: CLOSING }));
    disk.files.published(EMPTY, before);
    disk.fails = (name) => name.startsWith("users/");
    disk.files.published(before, more);
    disk.changes.length = 0;
    disk.look = () => expectSound(disk);
    disk.files.published(more, EMPTY);
    expect(disk.changes.map((change) => change.split("/")[0])).toEqual(["-users", "-sessions", "-sessions"]);
    expect(disk.wrong).toEqual([]);
  });

  it("has what grants something go before all else", () => {
    const before = worldOf(session("1", onVt(1)), session("2", { uid: 1001, stage: CLOSING }));
    expect(changesBetween(before, EMPTY)).toEqual([
      "-users/1000",
      "-sessions/1",
      "+seats/seat0",
      "-users/1001",
      "-sessions/2",
    ]);
  });
});
