/** Requests to bring a session, or a terminal, into the foreground. */

import { deny, done } from "./answers.ts";
import type { Event } from "./events.ts";
import { handover, wanted } from "./handover.ts";
import type { Requester, Session, World } from "./model.ts";
import { chain, type Step } from "./outcome.ts";
import type { Seat } from "./seat-model.ts";
import { saveSeat, seatOf } from "./seats.ts";
import { sessionOnVt } from "./select.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;
type SwitchRequest = Of<"seat.switchRequested">;

const VT_MAX = 63;

export function activateRequested(world: World, event: Of<"session.activateRequested">): Step {
  const { id, requester } = event;
  const session = world.sessions.get(id);
  if (session === undefined) return deny(world, requester, "no-such-session", `there is no session ${id}`);
  const seat = seatOf(world, session.seat);
  if (seat === null || session.stage.phase !== "running")
    return deny(world, requester, "not-supported", `session ${id} has no seat to be in the foreground of`);
  if (wanted(world, seat)?.id === id) return done(world, requester, id);
  if (!seat.hasVts) return chooseSession(world, seat, session, requester);
  if (session.vtnr === 0) {
    const message = `session ${id} has no virtual terminal on ${seat.id}`;
    return deny(world, requester, "not-supported", message);
  }
  return { world, effects: [{ kind: "vt.activate", vt: session.vtnr, id, requester }] };
}

function chooseSession(world: World, seat: Seat, session: Session, requester: Requester): Step {
  return chain(
    world,
    (now) => saveSeat(now, { ...seat, chosen: session.id }),
    (now) => done(now, requester, session.id),
    (now) => handover(now, seat.id),
  );
}

export function switchRequested(world: World, event: SwitchRequest): Step {
  const { requester } = event;
  const seat = seatOf(world, event.seat);
  if (seat === null)
    return deny(world, requester, "no-such-seat", `there is no seat ${JSON.stringify(event.seat)}`);
  return seat.hasVts ? switchVt(world, seat, event) : switchPosition(world, seat, event);
}

function switchVt(world: World, seat: Seat, { place, requester }: SwitchRequest): Step {
  const vts = sessionsOf(world, seat).flatMap(({ vtnr }) => (vtnr === 0 ? [] : vtnr));
  const vt = typeof place === "number" ? place : beside(vts, seat.activeVt, place);
  if (vt === null || !Number.isInteger(vt) || vt < 1 || vt > VT_MAX)
    return deny(world, requester, "invalid", `${place} is no virtual terminal of ${seat.id}`);
  const id = sessionOnVt(world, seat, vt, () => true)?.id ?? "";
  if (vt === seat.activeVt) return done(world, requester, id);
  return { world, effects: [{ kind: "vt.activate", vt, id, requester }] };
}

function switchPosition(world: World, seat: Seat, { place, requester }: SwitchRequest): Step {
  const sessions = sessionsOf(world, seat).filter(({ stage }) => stage.phase === "running");
  const present = wanted(world, seat);
  const positions = sessions.map(({ position }) => position);
  const wish = typeof place === "number" ? place : beside(positions, present?.position ?? 0, place);
  const session = sessions.find(({ position }) => position === wish);
  if (session === undefined)
    return deny(world, requester, "invalid", `${place} is no place of a session on ${seat.id}`);
  if (session.id === present?.id) return done(world, requester, session.id);
  return chooseSession(world, seat, session, requester);
}

function sessionsOf(world: World, { sessions }: Seat): Session[] {
  return sessions.flatMap((id) => world.sessions.get(id) ?? []);
}

/** The nearest place in that direction, around the end; null if there is none at all. */
function beside(places: readonly number[], from: number, direction: "next" | "previous"): number | null {
  const sorted = [...places].sort((a, b) => a - b);
  const [near, end] =
    direction === "next"
      ? [sorted.find((place) => place > from), sorted[0]]
      : [sorted.findLast((place) => place < from), sorted.at(-1)];
  return near ?? end ?? null;
}
