/** Who is idle, and since when. */

import { describe, expect, it } from "vitest";
import {
  type Idle,
  idleOfManager,
  idleOfSeat,
  idleOfSession,
  idleOfUser,
} from "../../daemon/src/core/idle.ts";
import type { Inhibitor, Instant, Session, World } from "../../daemon/src/core/model.ts";
import { seat0 } from "../../daemon/src/core/seats.ts";
import { Table } from "../../daemon/src/core/table.ts";
import { CLOSING, OPENING, onVt, session, worldOf } from "../store/sd-login-worlds.ts";

const at = (seconds: number): Instant => ({ realtime: seconds + 1000, monotonic: seconds });

const idle = (since: number): Partial<Session> => ({ type: "wayland", idleHint: true, idleSince: at(since) });
const busy = (since: number): Partial<Session> => ({ type: "x11", idleHint: false, idleSince: at(since) });
const NEVER_SAID: Partial<Session> = { type: "wayland" };

function inhibitor(over: Partial<Inhibitor>): Inhibitor {
  const person = { who: "w", why: "", uid: 1000, pid: 1 };
  return { id: 1, what: ["idle"], mode: "block", created: at(7), ...person, ...over };
}

const withInhibitors = (world: World, ...all: readonly Inhibitor[]): World => ({
  ...world,
  inhibitors: all.reduce((table, each) => table.with(each.id, each), Table.empty<number, Inhibitor>()),
});

const no = (since: number | null): Idle => ({ hint: false, since: since === null ? null : at(since) });
const yes = (since: number | null): Idle => ({ hint: true, since: since === null ? null : at(since) });

describe("a session", () => {
  it.each([
    ["that has said nothing is not idle", NEVER_SAID, no(null)],
    ["says so itself", idle(5), yes(5)],
    ["says that it is not", busy(6), no(6)],
    ["on a terminal never is", { ...idle(5), type: "tty" }, no(null)],
    ["of the web never is", { ...idle(5), type: "web" }, no(null)],
    ["of no known type never is", { ...idle(5), type: "unspecified" }, no(null)],
    ["of a greeter can be", { ...idle(5), class: "greeter" }, yes(5)],
    ["of a lock screen never is", { ...idle(5), class: "lock-screen" }, no(null)],
    ["in the background never is", { ...idle(5), class: "background" }, no(null)],
    ["of an incomplete user never is", { ...idle(5), class: "user-incomplete" }, no(null)],
  ] as const)("%s", (_what, over, expected) => {
    expect(idleOfSession(session("1", over))).toEqual(expected);
  });
});

const STARTED = at(1);
const worldWith = (...sessions: readonly Partial<Session>[]): World => ({
  ...worldOf(...sessions.map((over, i) => session(String(i + 1), over))),
  started: STARTED,
});

describe("the machine", () => {
  it.each([
    ["without sessions is idle since the start", [], { hint: true, since: STARTED }],
    ["is idle since the last of all is", [idle(5), idle(9)], yes(9)],
    ["is not idle since the first who is not", [busy(8), idle(20), busy(6)], no(6)],
    ["is not idle from the beginning with somebody who said nothing", [busy(6), NEVER_SAID], no(null)],
    ["passes over those who never are", [idle(5), { class: "background" }], yes(5)],
    ["is idle with only such", [{ class: "background" }], { hint: true, since: STARTED }],
    ["is not idle with somebody on a terminal", [idle(5), { type: "tty" }], no(null)],
    ["passes over those who are closing", [idle(5), { ...busy(6), stage: CLOSING }], yes(5)],
    ["counts those who are opening", [idle(5), { ...NEVER_SAID, stage: OPENING }], no(null)],
  ] as const)("%s", (_what, sessions, expected) => {
    expect(idleOfManager(worldWith(...sessions))).toEqual(expected);
  });

  it.each([
    ["block", no(7)],
    ["block-weak", no(7)],
    ["delay", yes(5)],
  ] as const)("with an inhibitor of mode %s", (mode, expected) => {
    expect(idleOfManager(withInhibitors(worldWith(idle(5)), inhibitor({ mode })))).toEqual(expected);
  });

  it("is not idle since the first inhibitor of idleness", () => {
    const others = [
      inhibitor({ id: 2, created: at(9) }),
      inhibitor({ id: 3, what: ["sleep"], created: at(2) }),
    ];
    const world = withInhibitors(worldWith(idle(5)), inhibitor({}), ...others);
    expect(idleOfManager(world)).toEqual(no(7));
    expect(idleOfManager(world)).toEqual(no(7));
    expect(idleOfManager(withInhibitors(world))).toEqual(yes(5));
  });
});

describe("a user and a seat", () => {
  const person = (world: World): Idle => {
    const user = world.users.get(1000);
    if (user === undefined) throw new Error("no such user");
    return idleOfUser(world, user);
  };

  it("are idle if all their sessions are, also those that never are", () => {
    expect(person(worldWith(idle(5), idle(9)))).toEqual(yes(9));
    expect(person(worldWith(idle(5), { class: "background" }))).toEqual(no(null));
    expect(person(worldWith(idle(5), busy(8), busy(6)))).toEqual(no(8));
    expect(person(worldWith(idle(5), { ...busy(6), stage: CLOSING }))).toEqual(yes(5));
  });

  it("have sessions of their own only", () => {
    expect(person(worldWith(idle(5), { ...busy(6), uid: 1001 }))).toEqual(yes(5));
    const world = worldWith({ ...idle(5), ...onVt(1) }, busy(6));
    expect(idleOfSeat(world, seat0(world))).toEqual(yes(5));
  });

  it("are idle without any", () => {
    const world = worldWith();
    expect(idleOfSeat(world, seat0(world))).toEqual(yes(null));
  });
});
