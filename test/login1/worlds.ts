/** Random Worlds, changed step by step, and what a client would read of each: an oracle that shares nothing with difference.ts. */

import fc from "fast-check";
import type { Interface } from "../../daemon/src/bus/table.ts";
import { Variant } from "../../daemon/src/bus/values.ts";
import type {
  InhibitMode,
  Inhibitor,
  InhibitWhat,
  Session,
  SessionClass,
  SessionType,
  World,
} from "../../daemon/src/core/model.ts";
import { allSeats, putSeat } from "../../daemon/src/core/seats.ts";
import { managerInterface } from "../../daemon/src/login1/manager.ts";
import { MANAGER_PATH, seatPath, sessionPath, userPath } from "../../daemon/src/login1/paths.ts";
import type { Room } from "../../daemon/src/login1/room.ts";
import { seatInterface } from "../../daemon/src/login1/seat.ts";
import { sessionInterface } from "../../daemon/src/login1/session.ts";
import { userInterface } from "../../daemon/src/login1/user.ts";
import {
  CLOSING,
  EMPTY,
  OPENING,
  onVt,
  RUNNING,
  session,
  withoutSeat,
  withoutSession,
  withSeat,
  withSession,
  withVt,
} from "../store/sd-login-worlds.ts";

/** Properties are read of a World: a room is only for methods. */
export const room = { wall: { enabled: true, message: "" } } as Room;

export type Change = (world: World) => World;

const id = fc.integer({ min: 1, max: 6 }).map(String);
const types: readonly SessionType[] = ["tty", "x11", "wayland", "unspecified"];
const classes: readonly SessionClass[] = ["user", "greeter", "background", "user-early"];

const whats = fc.subarray<InhibitWhat>(["shutdown", "sleep", "idle"], { minLength: 1 });

/** One more inhibitor, or the one of that id is over. */
function inhibit(of: Pick<Inhibitor, "id" | "mode" | "what">): Change {
  const rest = { who: "", why: "", uid: 0, pid: 1, created: { realtime: of.id, monotonic: of.id } };
  return (world) => {
    const { inhibitors } = world;
    const next = inhibitors.has(of.id)
      ? inhibitors.without(of.id)
      : inhibitors.with(of.id, { ...of, ...rest });
    return { ...world, inhibitors: next };
  };
}

const facts: fc.Arbitrary<Partial<Session>> = fc.record(
  {
    type: fc.constantFrom(...types),
    class: fc.constantFrom(...classes),
    stage: fc.constantFrom(RUNNING, CLOSING, OPENING),
    tty: fc.constantFrom("", "tty1", "pts/3"),
    display: fc.constantFrom("", ":0"),
    lockedHint: fc.boolean(),
    idleHint: fc.boolean(),
    idleSince: fc.constantFrom(null, { realtime: 1, monotonic: 1 }, { realtime: 2, monotonic: 2 }),
  },
  { requiredKeys: [] },
);

/** Seats without terminals; seat0 is always there. */
const place = fc.constantFrom("seat1", "seat2");

/** A seat comes or goes, shows something or not, has somebody else in the foreground or, for a moment, nobody. */
const ofSeats: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.constantFrom("seat0", "seat1", "seat2"), fc.boolean()).map(
    ([which, graphical]): Change =>
      (world) =>
        withSeat(world, which, { graphical }),
  ),
  place.map(
    (which): Change =>
      (world) =>
        withoutSeat(world, which),
  ),
  fc.tuple(place, fc.nat({ max: 3 })).map(
    ([which, at]): Change =>
      (world) =>
        world.seats.has(which)
          ? withSeat(world, which, { chosen: world.seats.get(which)?.sessions[at] ?? null })
          : world,
  ),
  fc.constantFrom("seat0", "seat1").map(
    (which): Change =>
      (world) => {
        const seat = world.seats.get(which);
        return seat === undefined ? world : putSeat(world, { ...seat, active: null });
      },
  ),
);

/** Somebody logs in where there are no terminals. */
const elsewhere: fc.Arbitrary<Change> = fc.tuple(id, place, facts).map(
  ([which, seat, over]): Change =>
    (world) =>
      world.sessions.has(which) || !world.seats.has(seat)
        ? world
        : withSession(world, session(which, { ...over, seat, position: 1, tty: "" })),
);

/** A session, a seat or an inhibitor comes, changes or goes, or the screen shows another terminal. */
export const change: fc.Arbitrary<Change> = fc.oneof(
  ofSeats,
  elsewhere,
  fc.tuple(id, facts, fc.constantFrom(1000, 1001), fc.integer({ min: 0, max: 3 })).map(
    ([which, over, uid, vt]): Change =>
      (world) =>
        world.sessions.has(which)
          ? world
          : withSession(world, session(which, { uid, ...(vt > 0 && onVt(vt)), ...over })),
  ),
  fc.tuple(id, facts).map(
    ([which, over]): Change =>
      (world) => {
        const known = world.sessions.get(which);
        return known === undefined ? world : withSession(world, { ...known, ...over });
      },
  ),
  id.map(
    (which): Change =>
      (world) =>
        withoutSession(world, which),
  ),
  fc.integer({ min: 0, max: 3 }).map(
    (vt): Change =>
      (world) =>
        withVt(world, vt),
  ),
  fc
    .tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom<InhibitMode>("block", "block-weak", "delay"),
      whats,
    )
    .map(([which, mode, what]) => inhibit({ id: which, mode, what })),
);

export const history = fc.array(change, { maxLength: 40 });

export const run = (world: World, changes: readonly Change[]): World =>
  changes.reduce((now, apply) => apply(now), world);

export { EMPTY };

/** "path property" to value, of all properties whose changes are told. */
export function snapshot(world: World): Map<string, string> {
  const read = new Map<string, string>();
  const add = <T>(path: string, table: Interface<T>, target: T) => {
    for (const { name, emits, get } of table.properties.values())
      if (emits === "true") read.set(`${path} ${name}`, text(get(target)));
  };
  add(MANAGER_PATH, managerInterface, { room, world });
  for (const seat of allSeats(world)) add(seatPath(seat.id), seatInterface, { room, world, seat });
  for (const each of world.sessions.values())
    add(sessionPath(each.id), sessionInterface, { room, world, session: each });
  for (const each of world.users.values())
    add(userPath(each.uid), userInterface, { room, world, user: each });
  return read;
}

export function text(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    typeof each === "bigint" ? `${each}t` : each instanceof Variant ? each.value : each,
  );
}
