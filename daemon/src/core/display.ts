/**
 * What login1 tells of sessions, users and seats beyond select.ts: who is active, which session is a user's display,
 * on which seats a user is. The exported state files and the bus give the same answers because both ask here.
 */

import type { Session, SessionClass, SessionId, SessionType, User, World } from "./model.ts";
import type { Seat } from "./seat-model.ts";
import { seatOf } from "./seats.ts";
import { type UserState, userState } from "./select.ts";

/** The session's place on a seat; a closing one has given it up. */
export function seatOfSession(session: Session): string | null {
  return session.stage.phase === "closing" ? null : session.seat;
}

/** login1's Active: in the foreground of its seat, or without a seat from the beginning. */
export function isActive(world: World, session: Session): boolean {
  return session.seat === null || seatOf(world, session.seat)?.active === session.id;
}

/** The better the lower; classes that are missing here never have the display. */
const CLASS_RANKS: Readonly<Partial<Record<SessionClass, number>>> = {
  user: 0,
  "user-early": 1,
  greeter: 2,
  "user-light": 2,
  "user-early-light": 2,
};
const TYPE_RANKS: Readonly<Record<SessionType, number>> = {
  x11: 0,
  wayland: 0,
  mir: 0,
  tty: 1,
  web: 2,
  unspecified: 3,
};

/**
 * Class decides before type, type before the seat: among equals one with a seat, because polkit takes a user's
 * services for local by this session.
 */
function displayRank({ class: kind, type, seat }: Session): number {
  const rank = CLASS_RANKS[kind];
  return rank === undefined ? Number.POSITIVE_INFINITY : rank * 100 + TYPE_RANKS[type] * 10 + Number(!seat);
}

/** The session that stands for its user; of equals the oldest, so that it stays where it is when others come. */
export function displaySession(world: World, user: User): Session | null {
  let best: Session | null = null;
  let lowest = Number.POSITIVE_INFINITY;
  for (const id of user.sessions) {
    const session = world.sessions.get(id);
    if (session?.stage.phase !== "running") continue;
    const rank = displayRank(session);
    if (rank >= lowest) continue;
    best = session;
    lowest = rank;
  }
  return best;
}

export function isDisplay(world: World, session: Session): boolean {
  const user = world.users.get(session.uid);
  return user !== undefined && displaySession(world, user)?.id === session.id;
}

/** What login1 tells of a user: lists oldest first, each part of the one before, and the seats of their sessions. */
export interface UserView {
  readonly state: UserState;
  readonly sessions: readonly SessionId[];
  /** Those that are not closing. */
  readonly online: readonly SessionId[];
  readonly active: readonly SessionId[];
  /** A closing session has given up its seat. */
  readonly onlineSeats: readonly string[];
  readonly activeSeats: readonly string[];
}

/** In one walk through the sessions, because it is wanted before a login is answered. */
export function viewUser(world: World, user: User): UserView {
  const sessions: SessionId[] = [];
  const online: SessionId[] = [];
  const active: SessionId[] = [];
  const onlineSeats: string[] = [];
  const activeSeats: string[] = [];
  let running = 0;
  let seatless = 0;
  for (const id of user.sessions) {
    const session = world.sessions.get(id);
    if (session === undefined) continue;
    const { seat, stage } = session;
    sessions.push(id);
    if (stage.phase === "closing") continue;
    online.push(id);
    if (stage.phase === "running") running += 1;
    if (seat !== null && !onlineSeats.includes(seat)) onlineSeats.push(seat);
    if (seat !== null && seatOf(world, seat)?.active !== id) continue;
    active.push(id);
    if (seat === null && stage.phase === "running") seatless += 1;
    if (seat !== null && !activeSeats.includes(seat)) activeSeats.push(seat);
  }
  const present = activeSeats.length > 0 || (onlineSeats.length === 0 && seatless > 0);
  const state = present ? "active" : running > 0 ? "online" : userState(world, user);
  return { state, sessions, online, active, onlineSeats, activeSeats };
}

/**
 * The state of a user as login1 tells it. Who has a session on a seat is active only through such a one: polkit
 * allows what the user at the screen may do where this word is "active" and the display session has a seat, and
 * a login from elsewhere must not make up for a screen that shows somebody else.
 */
export function loginState(world: World, user: User): UserState {
  return viewUser(world, user).state;
}

/** The sessions of the seat, oldest first; a closing one has left it. */
export function sessionsOnSeat(world: World, seat: Seat): Session[] {
  return seat.sessions.flatMap((id: SessionId) => world.sessions.get(id) ?? []);
}
