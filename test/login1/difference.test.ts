/** Signals are the difference of two Worlds, in an order that listeners can follow. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { World } from "../../daemon/src/core/model.ts";
import { broadcast, difference } from "../../daemon/src/login1/difference.ts";
import { sessionPath } from "../../daemon/src/login1/paths.ts";
import {
  CLOSING,
  OPENING,
  onVt,
  RUNNING,
  session,
  withoutSession,
  withSession,
  withVt,
  worldOf,
} from "../store/sd-login-worlds.ts";
import { Recorder } from "./recorder.ts";
import { EMPTY, history, room, run, snapshot } from "./worlds.ts";

function record(before: World, after: World): Recorder {
  const recorder = new Recorder();
  for (const news of difference(room, before, after)) {
    if (news.kind === "signal") broadcast(recorder, news);
    else news.send(recorder);
  }
  return recorder;
}

const pathOf = (key: string) => key.slice(0, key.indexOf(" "));

describe("the difference of two Worlds", () => {
  it("has exactly what a client would read differently of the objects that stay", () => {
    fc.assert(
      fc.property(history, history, (first, second) => {
        const before = run(EMPTY, first);
        const after = run(before, second);
        const [was, is] = [snapshot(before), snapshot(after)];
        const stays = new Set([...was.keys()].map(pathOf));
        const expected = new Map(
          [...is].filter(([key, value]) => stays.has(pathOf(key)) && was.get(key) !== value),
        );
        const told = new Map<string, string>();
        for (const news of record(before, after).heard) {
          if (news.kind !== "changed") continue;
          for (const [name, value] of news.values) {
            expect(told.has(`${news.path} ${name}`)).toBe(false);
            told.set(`${news.path} ${name}`, value);
          }
        }
        expect([...told].sort()).toEqual([...expected].sort());
      }),
      { numRuns: 2000 },
    );
  });

  it("tells each coming and each going once, seats and users around their sessions", () => {
    fc.assert(
      fc.property(history, history, (first, second) => {
        const before = run(EMPTY, first);
        const after = run(before, second);
        const signals = record(before, after).heard.filter((news) => news.kind === "signal");
        const names = signals.map(({ name, body }) => `${name} ${body[0]}`);
        const [had, has] = [new Set(before.sessions.keys()), new Set(after.sessions.keys())];
        const [stood, stands] = [new Set(before.seats.keys()), new Set(after.seats.keys())];
        const [knew, knows] = [new Set(before.users.keys()), new Set(after.users.keys())];
        expect([...names].sort()).toEqual(
          [
            ...[...has].filter((id) => !had.has(id)).map((id) => `SessionNew ${id}`),
            ...[...had].filter((id) => !has.has(id)).map((id) => `SessionRemoved ${id}`),
            ...[...knows].filter((uid) => !knew.has(uid)).map((uid) => `UserNew ${uid}`),
            ...[...knew].filter((uid) => !knows.has(uid)).map((uid) => `UserRemoved ${uid}`),
            ...[...stands].filter((seat) => !stood.has(seat)).map((seat) => `SeatNew ${seat}`),
            ...[...stood].filter((seat) => !stands.has(seat)).map((seat) => `SeatRemoved ${seat}`),
          ].sort(),
        );
        const order = ["SeatNew", "UserNew", "SessionNew", "SessionRemoved", "UserRemoved", "SeatRemoved"];
        const places = signals.map(({ name }) => order.indexOf(name));
        expect(places).toEqual([...places].sort((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });

  it("says nothing between equal Worlds", () => {
    fc.assert(
      fc.property(history, (changes) => {
        const world = run(EMPTY, changes);
        expect(record(world, world).heard).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

describe("the order of signals", () => {
  const names = (before: World, after: World) =>
    record(before, after).names.map((name) => name.replace("/org/freedesktop/login1", ""));

  it("of a first login in the foreground", () => {
    expect(names(EMPTY, worldOf(session("3", onVt(1))))).toEqual([
      "UserNew 1000",
      "SessionNew 3",
      "/seat/seat0",
      "",
    ]);
  });

  it("of a login that opens first", () => {
    const before = worldOf(session("3", { ...onVt(1), stage: OPENING }));
    const after = withSession(before, session("3", { ...onVt(1), stage: RUNNING }));
    expect(names(before, after)).toEqual(["/session/_33", "/user/_1000", "/seat/seat0"]);
  });

  it("of the last logout", () => {
    const before = worldOf(session("3", { ...onVt(1), stage: CLOSING }));
    expect(names(before, withoutSession(before, "3"))).toEqual(["SessionRemoved 3", "UserRemoved 1000"]);
  });

  it("of a switch: the one that leaves, the one that enters, the seat", () => {
    const before = worldOf(session("3", onVt(2)), session("4", { ...onVt(1), uid: 1001 }));
    expect(names(before, withVt(before, 2))).toEqual(["/session/_34", "/session/_33", "/seat/seat0"]);
  });

  it("carries State with Active, so that caches of clients are right", () => {
    const before = worldOf(session("3", onVt(1)));
    const news = record(before, withVt(before, 2)).heard.find((each) => each.path === sessionPath("3"));
    expect(news).toEqual({
      kind: "changed",
      path: sessionPath("3"),
      values: new Map([
        ["Active", "false"],
        ["State", '"online"'],
      ]),
    });
  });
});
