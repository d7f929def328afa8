/**
 * Who is idle. A graphical session says so itself; one on a terminal, or of an unknown or web type, never is: when
 * somebody last typed is not looked at, and to take them for present is the error that harms nobody. Sessions that are
 * closing do not count, so that what a logout leaves running does not keep the machine awake.
 */

import { canIdle, isGraphical } from "./classes.ts";
import type { Instant, Session, User, World } from "./model.ts";
import type { Seat } from "./seat-model.ts";
import { sessionsOf } from "./select.ts";

export interface Idle {
  readonly hint: boolean;
  /** Since when; null: from the beginning. */
  readonly since: Instant | null;
}

export function idleOfSession(session: Session): Idle {
  const { idleHint, idleSince } = session;
  if (!canIdle(session) || !isGraphical(session)) return { hint: false, since: null };
  return { hint: idleHint, since: idleSince };
}

/** Also a session that can never be idle keeps its user from being so. */
export function idleOfUser(world: World, user: User): Idle {
  return together(sessionsOf(world, user).filter(counts).map(idleOfSession), latest);
}

export function idleOfSeat(world: World, seat: Seat): Idle {
  const sessions = seat.sessions.flatMap((id) => world.sessions.get(id) ?? []);
  return together(sessions.filter(counts).map(idleOfSession), latest);
}

/**
 * Of the whole machine: sessions that can never be idle do not count, and an inhibitor does. Without any that count it
 * is idle since the daemon's start. It is not idle since the first of those who are not.
 */
export function idleOfManager(world: World): Idle {
  const known = idles.get(world) ?? findIdle(world);
  idles.set(world, known);
  return known;
}

function findIdle(world: World): Idle {
  const deciding: Idle[] = [];
  for (const session of world.sessions.values()) {
    if (!counts(session) || !canIdle(session)) continue;
    const idle = idleOfSession(session);
    // nothing is earlier: with thousands of sessions on terminals the first one says it all
    if (!idle.hint && idle.since === null) return idle;
    deciding.push(idle);
  }
  for (const { what, mode, created } of world.inhibitors.values())
    if (mode !== "delay" && what.includes("idle")) deciding.push({ hint: false, since: created });
  return deciding.length > 0 ? together(deciding, earliest) : { hint: true, since: world.started };
}

/** A World does not change, and is asked more than once: about the change that made it, and about the next one. */
const idles = new WeakMap<World, Idle>();

function counts({ stage }: Session): boolean {
  return stage.phase !== "closing";
}

/** Idle if all are, since the last of them came to be so; else since what those tell who are not. */
function together(all: readonly Idle[], sinceOfBusy: (since: (Instant | null)[]) => Instant | null): Idle {
  const busy = all.filter(({ hint }) => !hint);
  if (busy.length > 0) return { hint: false, since: sinceOfBusy(busy.map(({ since }) => since)) };
  return { hint: true, since: latest(all.map(({ since }) => since)) };
}

function latest(instants: readonly (Instant | null)[]): Instant | null {
  return instants.reduce((one, other) => (time(other) > time(one) ? other : one), null);
}

function earliest([first = null, ...rest]: readonly (Instant | null)[]): Instant | null {
  return rest.reduce((one, other) => (time(other) < time(one) ? other : one), first);
}

function time(instant: Instant | null): number {
  return instant?.monotonic ?? 0;
}
