/** What changed between two published Worlds, as the replies that monitoring clients get. */

import type { SessionId, Uid, World } from "../core/model.ts";
import { allSeats, seatOf } from "../core/seats.ts";
import { allSessions, allUsers, switched } from "../core/select.ts";
import type { Reply } from "./interface.ts";
import { type Places, renderSession, renderUser } from "./render.ts";
import { renderSeat } from "./render-seat.ts";

export type Notice = Reply<"Monitor">;

export function snapshot(world: World, places: Places): Notice {
  return {
    event: "snapshot",
    sessions: allSessions(world).map((session) => renderSession(world, session, places)),
    users: allUsers(world).map((user) => renderUser(world, user, places)),
    seats: allSeats(world).map((seat) => renderSeat(world, seat)),
  };
}

/** Users and seats come before their sessions; users go after them, and seats last. */
export function notices(before: World, after: World, places: Places): Notice[] {
  const sessions = changedSessions(before, after);
  const users = changedUsers(before, after, sessions);
  const ofUsers = [...users].map((uid) => userNotice(before, after, uid, places));
  const ofSessions = [...sessions].map((id) => sessionNotice(before, after, id, places));
  const ofSeats = [...new Set([...before.seats.keys(), ...after.seats.keys()])].map((id) =>
    seatNotice(before, after, id),
  );
  const all = [...ofUsers, ...ofSessions, ...ofSeats].filter((notice) => notice !== null);
  return all.sort((a, b) => order.indexOf(a.event) - order.indexOf(b.event));
}

const order: readonly Notice["event"][] = [
  "seat_new",
  "user_new",
  "session_new",
  "session_changed",
  "session_removed",
  "user_changed",
  "user_removed",
  "seat_changed",
  "seat_removed",
];

function changedSessions(before: World, after: World): Set<SessionId> {
  const ids = new Set<SessionId>();
  for (const change of after.sessions.since(before.sessions)) {
    const session = change.after ?? change.before;
    if (session !== undefined) ids.add(session.id);
  }
  // Which session is active is a matter of the screen: their own records do not change with it.
  for (const session of switched(before, after)) ids.add(session.id);
  return ids;
}

function changedUsers(before: World, after: World, sessions: ReadonlySet<SessionId>): Set<Uid> {
  const uids = new Set<Uid>();
  for (const change of after.users.since(before.users)) {
    const user = change.after ?? change.before;
    if (user !== undefined) uids.add(user.uid);
  }
  // Whether a user lingers is decided by a file and by the configuration, not by the user's own record.
  for (const uid of lingeringChanged(before, after)) uids.add(uid);
  for (const id of sessions) {
    const session = after.sessions.get(id) ?? before.sessions.get(id);
    if (session !== undefined) uids.add(session.uid);
  }
  return uids;
}

function lingeringChanged(before: World, after: World): Uid[] {
  if (before.policy !== after.policy) return [...after.users.keys()];
  if (before.lingering === after.lingering) return [];
  const uids = [...before.lingering.keys(), ...after.lingering.keys()];
  return uids.filter((uid) => before.lingering.get(uid) !== after.lingering.get(uid));
}

function sessionNotice(before: World, after: World, id: SessionId, places: Places): Notice | null {
  const render = (world: World) => {
    const session = world.sessions.get(id);
    return session === undefined ? null : renderSession(world, session, places);
  };
  return notice("session", render(before), render(after), (shown) => ({ sessions: [shown] }));
}

function userNotice(before: World, after: World, uid: Uid, places: Places): Notice | null {
  const render = (world: World) => {
    const user = world.users.get(uid);
    return user === undefined ? null : renderUser(world, user, places);
  };
  return notice("user", render(before), render(after), (shown) => ({ users: [shown] }));
}

function seatNotice(before: World, after: World, id: string): Notice | null {
  const render = (world: World) => {
    const seat = seatOf(world, id);
    return seat === null ? null : renderSeat(world, seat);
  };
  return notice("seat", render(before), render(after), (shown) => ({ seats: [shown] }));
}

function notice<T extends object>(
  what: "session" | "user" | "seat",
  old: T | null,
  now: T | null,
  list: (shown: T) => Partial<Notice>,
): Notice | null {
  const event = kindOf(old, now);
  const shown = now ?? old;
  if (event === null || shown === null) return null;
  return { event: `${what}_${event}`, sessions: [], users: [], seats: [], ...list(shown) };
}

/** Null where nothing of what a client sees is different. */
function kindOf(old: object | null, now: object | null): "new" | "changed" | "removed" | null {
  if (old === null) return now === null ? null : "new";
  if (now === null) return "removed";
  return JSON.stringify(old) === JSON.stringify(now) ? null : "changed";
}
