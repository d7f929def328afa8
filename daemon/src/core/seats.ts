/** The seats of a World by their names. */

import type { World } from "./model.ts";
import type { Step } from "./outcome.ts";
import type { Seat } from "./seat-model.ts";
import { Table } from "./table.ts";

export const SEAT0 = "seat0";

export function newSeat(id: string): Seat {
  return {
    id,
    hasVts: false,
    activeVt: 0,
    graphical: false,
    sessions: [],
    chosen: null,
    active: null,
    granted: [],
  };
}

/** What a World begins with. */
export const FIRST_SEATS: World["seats"] = Table.empty<string, Seat>().with(SEAT0, newSeat(SEAT0));

export function seatOf(world: World, id: string | null): Seat | null {
  return (id === null ? undefined : world.seats.get(id)) ?? null;
}

/** It is always there. */
export function seat0(world: World): Seat {
  return world.seats.get(SEAT0) ?? newSeat(SEAT0);
}

export function putSeat(world: World, seat: Seat): World {
  return { ...world, seats: world.seats.with(seat.id, seat) };
}

/** What of it is written down is on disk before anything follows from it. */
export function saveSeat(world: World, seat: Seat): Step {
  const { id, chosen, granted } = seat;
  return { world: putSeat(world, seat), effects: [{ kind: "seat.save", seat: { id, chosen, granted } }] };
}

/** In the order of their names, seat0 first. */
export function allSeats(world: World): Seat[] {
  return [...world.seats.values()].sort((a, b) => order(a.id, b.id));
}

function order(a: string, b: string): number {
  if (a === SEAT0 || b === SEAT0) return a === b ? 0 : a === SEAT0 ? -1 : 1;
  return a < b ? -1 : 1;
}

/** Without a session that has left it. */
export function withoutSession(world: World, seat: string | null, id: string): World {
  const found = seatOf(world, seat);
  if (found === null || !found.sessions.includes(id)) return world;
  return putSeat(world, { ...found, sessions: found.sessions.filter((each) => each !== id) });
}
