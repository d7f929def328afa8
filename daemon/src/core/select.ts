/** Read-only questions on a World, for every outer room. */

import type { Session, SessionId, Uid, User, World } from "./model.ts";
import type { Seat } from "./seat-model.ts";
import { seatOf } from "./seats.ts";
import { stays } from "./services.ts";

export type SessionState = "opening" | "online" | "active" | "closing";
/** lingering: no session is left but closing ones, and the user stays. */
export type UserState = "opening" | "online" | "active" | "closing" | "lingering";

/** The session in the foreground of the seat, as handover.ts has decided. */
export function activeSession(world: World, seat: Seat): Session | null {
  return world.sessions.get(seat.active ?? "") ?? null;
}

/** Sessions that left the foreground of a seat between two Worlds, and those that came into it. */
export function switched(before: World, after: World): Session[] {
  // no session goes before its seat has let go of it
  if (before.seats === after.seats) return [];
  const found: Session[] = [];
  for (const id of new Set([...before.seats.keys(), ...after.seats.keys()])) {
    const left = foreground(before, id);
    const entered = foreground(after, id);
    if (left?.id !== entered?.id) found.push(...[left, entered].flatMap((session) => session ?? []));
  }
  return found;
}

function foreground(world: World, id: string): Session | null {
  const seat = seatOf(world, id);
  return seat === null ? null : activeSession(world, seat);
}

/** The newest wanted session of the seat that is not closing on this VT. */
export function sessionOnVt(
  world: World,
  seat: Seat,
  vt: number,
  wanted: (session: Session) => boolean,
): Session | null {
  for (let i = seat.sessions.length - 1; i >= 0; i--) {
    const session = world.sessions.get(seat.sessions[i] ?? "");
    if (session !== undefined && session.vtnr === vt && wanted(session)) return session;
  }
  return null;
}

/** login1's rule: a session without a seat is always active, one with a seat when it is in the foreground. */
export function sessionState(world: World, session: Session): SessionState {
  if (session.stage.phase !== "running") return session.stage.phase;
  const seat = seatOf(world, session.seat);
  if (seat === null) return "active";
  return activeSession(world, seat)?.id === session.id ? "active" : "online";
}

export function userState(world: World, user: User): UserState {
  const states = sessionsOf(world, user).map((session) => sessionState(world, session));
  if (states.includes("active")) return "active";
  if (states.includes("online")) return "online";
  if (states.includes("opening")) return "opening";
  return stays(world, user) ? "lingering" : "closing";
}

/** The user's sessions, oldest first. */
export function sessionsOf(world: World, user: User): Session[] {
  const sessions: Session[] = [];
  for (const id of user.sessions) {
    const session = world.sessions.get(id);
    if (session !== undefined) sessions.push(session);
  }
  return sessions;
}

export function session(world: World, id: SessionId): Session | null {
  return world.sessions.get(id) ?? null;
}

export function user(world: World, uid: Uid): User | null {
  return world.users.get(uid) ?? null;
}

/** Everything in the order of ids, for lists. */
export function allSessions(world: World): Session[] {
  return [...world.sessions.values()].sort((a, b) => Number(a.id) - Number(b.id));
}

export function allUsers(world: World): User[] {
  return [...world.users.values()].sort((a, b) => a.uid - b.uid);
}
