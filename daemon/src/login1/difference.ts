/**
 * The difference of two published Worlds as signals, in the order in which they are sent: users come before their
 * sessions and go after them; a session that leaves the foreground does so before another one is in it; the seat
 * says last who has it.
 */

import type { Bus } from "../bus/bus.ts";
import type { Interface } from "../bus/table.ts";
import type { Value } from "../bus/values.ts";
import { isActive } from "../core/display.ts";
import type { Session, SessionId, Uid, User, World } from "../core/model.ts";
import type { Seat } from "../core/seat-model.ts";
import { allSeats } from "../core/seats.ts";
import { switched } from "../core/select.ts";
import { managerInterface } from "./manager.ts";
import { MANAGER_PATH, seatPath, sessionPath, userPath } from "./paths.ts";
import type { ManagerObject, Room } from "./room.ts";
import { seatInterface } from "./seat.ts";
import { sessionInterface } from "./session.ts";
import { userInterface } from "./user.ts";

export interface Broadcast {
  readonly kind: "signal";
  readonly name: "SessionNew" | "SessionRemoved" | "UserNew" | "UserRemoved" | "SeatNew" | "SeatRemoved";
  readonly body: readonly Value[];
}

export interface Changed {
  readonly kind: "changed";
  readonly path: string;
  readonly properties: readonly string[];
  send(bus: Pick<Bus, "changed">): void;
}

export type News = Broadcast | Changed;

/** What was said of an object last: the World in which it was new, for one that is younger than `before`. */
export interface Said {
  session(id: SessionId): World;
  user(uid: Uid): World;
  seat(id: string): World;
  /** By which sessions know who is in the foreground. */
  readonly shown: World;
}

export function broadcast(bus: Pick<Bus, "emit">, { name, body }: Broadcast): void {
  bus.emit(MANAGER_PATH, managerInterface as Interface<never>, name, body);
}

/** Who came and who went, in the order of `arrivals`, then `departures`. */
export function arrivals(before: World, after: World): Broadcast[] {
  const users = after.users.since(before.users).flatMap((each) => (each.before ? [] : (each.after ?? [])));
  const sessions = after.sessions
    .since(before.sessions)
    .flatMap((each) => (each.before ? [] : (each.after ?? [])));
  return [
    ...allSeats(after).flatMap((seat) => (before.seats.has(seat.id) ? [] : [seatNews("SeatNew", seat)])),
    ...users.map((user) => userNews("UserNew", user)),
    ...sessions.sort(byId).map((session) => sessionNews("SessionNew", session)),
  ];
}

export interface Departures {
  readonly sessions: readonly Broadcast[];
  /** After what their sessions' end has changed. */
  readonly rest: readonly Broadcast[];
}

export function departures(before: World, after: World): Departures {
  const users = after.users.since(before.users).flatMap((each) => (each.after ? [] : (each.before ?? [])));
  const sessions = after.sessions
    .since(before.sessions)
    .flatMap((each) => (each.after ? [] : (each.before ?? [])));
  return {
    sessions: sessions.sort(byId).map((session) => sessionNews("SessionRemoved", session)),
    rest: [
      ...users.map((user) => userNews("UserRemoved", user)),
      ...allSeats(before).flatMap((seat) =>
        after.seats.has(seat.id) ? [] : [seatNews("SeatRemoved", seat)],
      ),
    ],
  };
}

const byId = (a: Session, b: Session) => Number(a.id) - Number(b.id);

const sessionNews = (name: "SessionNew" | "SessionRemoved", { id }: Session): Broadcast => ({
  kind: "signal",
  name,
  body: [id, sessionPath(id)],
});
const userNews = (name: "UserNew" | "UserRemoved", { uid }: User): Broadcast => ({
  kind: "signal",
  name,
  body: [uid, userPath(uid)],
});
const seatNews = (name: "SeatNew" | "SeatRemoved", { id }: Seat): Broadcast => ({
  kind: "signal",
  name,
  body: [id, seatPath(id)],
});

/** Everything between two Worlds of which the first was said in full. */
export function difference(room: Room, before: World, after: World, said?: Said): News[] {
  const gone = departures(before, after);
  const changes = changesOf(room, before, after, said);
  return [
    ...arrivals(before, after),
    ...changes.sessions,
    ...changes.users,
    ...gone.sessions,
    ...changes.seats,
    ...gone.rest,
    ...changes.manager,
  ];
}

interface Changes {
  readonly sessions: readonly Changed[];
  readonly users: readonly Changed[];
  readonly seats: readonly Changed[];
  readonly manager: readonly Changed[];
}

/** What changed of objects that are in both Worlds, or were said to be new in the World that `said` tells. */
export function changesOf(room: Room, before: World, after: World, said: Said = saidIn(before)): Changes {
  const touched = touchedBetween(before, after, said.shown);
  return {
    sessions: changedSessions(room, touched.sessions, after, said),
    users: [...touched.users].sort((a, b) => a - b).flatMap((uid) => changedUser(room, uid, after, said)),
    seats: allSeats(after).flatMap((seat) => changedSeat(room, seat, after, said)),
    manager: changed<ManagerObject>(
      MANAGER_PATH,
      managerInterface,
      { room, world: before },
      { room, world: after },
    ),
  };
}

function changedSeat(room: Room, seat: Seat, after: World, said: Said): Changed[] {
  const { id } = seat;
  const then = said.seat(id);
  const was = then.seats.get(id);
  if (was === undefined) return [];
  return changed(seatPath(id), seatInterface, { room, world: then, seat: was }, { room, world: after, seat });
}

export const saidIn = (world: World): Said => ({
  session: () => world,
  user: () => world,
  seat: () => world,
  shown: world,
});

/** Those that left the foreground first. */
function changedSessions(room: Room, ids: Iterable<SessionId>, after: World, said: Said): Changed[] {
  const left: Changed[] = [];
  const others: Changed[] = [];
  for (const id of [...ids].sort((a, b) => Number(a) - Number(b))) {
    const then = said.session(id);
    const was = then.sessions.get(id);
    const is = after.sessions.get(id);
    if (was === undefined || is === undefined) continue;
    const news = changed(
      sessionPath(id),
      sessionInterface,
      { room, world: then, session: was },
      { room, world: after, session: is },
    );
    (isActive(after, is) ? others : left).push(...news);
  }
  return [...left, ...others];
}

function changedUser(room: Room, uid: Uid, after: World, said: Said): Changed[] {
  const then = said.user(uid);
  const was = then.users.get(uid);
  const is = after.users.get(uid);
  if (was === undefined || is === undefined) return [];
  return changed(
    userPath(uid),
    userInterface,
    { room, world: then, user: was },
    { room, world: after, user: is },
  );
}

/** Nothing, or the one signal for all that is different. */
function changed<T>(path: string, table: Interface<T>, was: T, is: T): Changed[] {
  const properties: string[] = [];
  for (const { name, emits, get } of table.properties.values()) {
    if (emits !== "true" && emits !== "invalidates") continue;
    if (!sameValue(get(was), get(is))) properties.push(name);
  }
  if (properties.length === 0) return [];
  return [{ kind: "changed", path, properties, send: (bus) => bus.changed(path, table, is, properties) }];
}

function sameValue(one: Value, other: Value): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((each, i) => sameValue(each, other[i] as Value));
}

interface Touched {
  readonly sessions: ReadonlySet<SessionId>;
  readonly users: ReadonlySet<Uid>;
}

/** Objects that may differ, a few more than do: those whose own records changed, and those whom the screen shows. */
function touchedBetween(before: World, after: World, shown: World): Touched {
  const sessions = new Set<SessionId>();
  const users = new Set<Uid>();
  const touch = (session: Session | null | undefined) => {
    if (session == null) return;
    sessions.add(session.id);
    users.add(session.uid);
  };
  for (const change of after.users.since(before.users)) {
    const user = change.after ?? change.before;
    if (user !== undefined) users.add(user.uid);
  }
  for (const change of after.sessions.since(before.sessions)) touch(change.after ?? change.before);
  for (const session of switched(before, after)) touch(session);
  if (shown !== before) for (const session of switched(shown, after)) touch(session);
  return { sessions, users };
}
