/**
 * The state files below /run/systemd, most of which sd-login reads, as text: one definition each of what the lines of a
 * session, a user, a seat and an inhibitor are, and which of them may differ between two Worlds. Written for others, never read back: keys
 * with which only logind itself starts again are left out.
 */

import { displaySession, isActive, seatOfSession, sessionsOnSeat, viewUser } from "../core/display.ts";
import { runtimeDirectory } from "../core/env.ts";
import type { Inhibitor, Session, SessionId, Uid, User, World } from "../core/model.ts";
import { isPrintable } from "../core/names.ts";
import type { Seat } from "../core/seat-model.ts";
import { seatOf } from "../core/seats.ts";
import { activeSession, sessionState, switched } from "../core/select.ts";

const HEADER = "# This is private data. Do not parse.\n";

const PLAIN = /^[A-Za-z0-9_.:,@%+/-]+$/;
/** What the readers' parser takes as its own: quotes, backslashes, blanks at the ends. */
const NEEDS_QUOTES = /["'\\]|^\s|\s$/;

/** In double quotes the parser gives back exactly what is written here. */
function quoted(value: string): string {
  if (PLAIN.test(value)) return value;
  const printable = isPrintable(value) ? value : [...value].map((c) => (isPrintable(c) ? c : "?")).join("");
  return NEEDS_QUOTES.test(printable) ? `"${printable.replace(/["\\$`]/g, "\\$&")}"` : printable;
}

/** Nothing for an empty value: readers take one for a damaged file. */
function text(key: string, value: string): string {
  return value === "" ? "" : `${key}=${quoted(value)}\n`;
}

function list(key: string, values: readonly (string | number)[]): string {
  return values.length === 0 ? "" : `${key}=${values.join(" ")}\n`;
}

const flag = (key: string, value: boolean): string => `${key}=${value ? 1 : 0}\n`;
const ids = (sessions: readonly Session[]): SessionId[] => sessions.map((session) => session.id);

function sessionFile(world: World, session: Session): string {
  const { created, leader } = session;
  const seat = seatOfSession(session);
  return (
    `${HEADER}UID=${session.uid}\n` +
    text("USER", session.user) +
    flag("ACTIVE", isActive(world, session)) +
    flag("IS_DISPLAY", displayAt(world, session.uid) === session.id) +
    `STATE=${sessionState(world, session)}\n` +
    flag("REMOTE", session.remote) +
    `TYPE=${session.type}\nCLASS=${session.class}\n` +
    (seat === null ? "" : `SEAT=${seat}\n`) +
    text("TTY", session.tty) +
    text("DISPLAY", session.display) +
    text("REMOTE_HOST", session.remoteHost) +
    text("REMOTE_USER", session.remoteUser) +
    text("SERVICE", session.service) +
    text("DESKTOP", session.desktop) +
    (seat === null || session.vtnr === 0 ? "" : `VTNR=${session.vtnr}\n`) +
    (leader.pid === 0 ? "" : `LEADER=${leader.pid}\n`) +
    `REALTIME=${created.realtime}\nMONOTONIC=${created.monotonic}\n`
  );
}

/** ACTIVE and ACTIVE_UID are both there or both missing: udev gives devices to the one by the other. */
function seatFile(world: World, seat: Seat): string {
  const active = activeSession(world, seat);
  const sessions = sessionsOnSeat(world, seat);
  return (
    `${HEADER}${flag("IS_SEAT0", seat.id === "seat0")}` +
    flag("CAN_MULTI_SESSION", true) +
    flag("CAN_TTY", seat.hasVts) +
    flag("CAN_GRAPHICAL", seat.graphical) +
    (active === null ? "" : `ACTIVE=${active.id}\nACTIVE_UID=${active.uid}\n`) +
    list("SESSIONS", ids(sessions)) +
    list(
      "UIDS",
      sessions.map((session) => session.uid),
    )
  );
}

function userFile(world: World, user: User): string {
  const { state, sessions, online, active, onlineSeats, activeSeats } = viewUser(world, user);
  return (
    HEADER +
    text("NAME", user.name) +
    `STATE=${state}\n` +
    text("RUNTIME", runtimeDirectory(world, user.uid) ?? "") +
    text("DISPLAY", displayAt(world, user.uid)) +
    `REALTIME=${user.created.realtime}\nMONOTONIC=${user.created.monotonic}\n` +
    list("SESSIONS", sessions) +
    list("SEATS", onlineSeats) +
    list("ACTIVE_SESSIONS", active) +
    list("ONLINE_SESSIONS", online) +
    list("ACTIVE_SEATS", activeSeats) +
    list("ONLINE_SEATS", onlineSeats)
  );
}

/** fifos: where the FIFOs are by which inhibitors are held. */
function inhibitorFile({ id, what, who, why, mode, uid, pid }: Inhibitor, fifos: string): string {
  return (
    `${HEADER}WHAT=${what.join(":")}\nMODE=${mode}\nUID=${uid}\nPID=${pid}\n` +
    text("WHO", who) +
    text("WHY", why) +
    text("FIFO", `${fifos}/${id}.ref`)
  );
}

/** The directories, in the order in which their files are written: what names a file after it. */
export const STATE_FOLDERS = ["sessions", "seats", "users", "inhibit"] as const;

/** A state file by its path below the directory, such as "sessions/3". */
export type StateName = `${(typeof STATE_FOLDERS)[number]}/${string}`;

/** What belongs into the file; null if there is to be none. */
export function stateFile(world: World, name: StateName, fifos: string): string | null {
  const key = name.slice(name.indexOf("/") + 1);
  if (name.startsWith("inhibit/")) {
    const inhibitor = world.inhibitors.get(Number(key));
    return inhibitor === undefined ? null : inhibitorFile(inhibitor, fifos);
  }
  if (name.startsWith("sessions/")) {
    const session = world.sessions.get(key);
    return session === undefined ? null : sessionFile(world, session);
  }
  if (name.startsWith("seats/")) return seatFileOf(world, key);
  const user = world.users.get(Number(key));
  return user === undefined ? null : userFile(world, user);
}

function seatFileOf(world: World, id: string): string | null {
  const seat = seatOf(world, id);
  return seat === null ? null : seatFile(world, seat);
}

/** Sessions before the seats and users whose files name them. */
export function stateNames(world: World): StateName[] {
  const { sessions, seats, users, inhibitors } = world;
  return inOrder([sessions.keys(), seats.keys(), users.keys(), inhibitors.keys()]);
}

/** Those of each folder. */
function inOrder(keys: readonly Iterable<SessionId | Uid>[]): StateName[] {
  const names: StateName[] = [];
  for (const [i, folder] of STATE_FOLDERS.entries())
    for (const key of keys[i] ?? []) names.push(`${folder}/${key}`);
  return names;
}

/** The files that may differ, in the same order: a few more than those that do, found without reading all. */
export function changedNames(before: World, after: World): StateName[] {
  const sessions = new Set<SessionId>();
  const users = new Set<Uid>(changedUsers(before, after));
  const touch = (session: Session | null | undefined) => {
    if (session == null) return;
    sessions.add(session.id);
    users.add(session.uid);
  };
  for (const change of after.sessions.since(before.sessions)) touch(change.after ?? change.before);
  const moved = switched(before, after);
  for (const session of moved) touch(session);
  for (const uid of users) {
    const had = displayAt(before, uid);
    const has = displayAt(after, uid);
    if (had !== has) for (const id of [had, has]) if (id !== "") sessions.add(id);
  }
  const seats =
    before.seats !== after.seats || moved.length > 0
      ? new Set([...before.seats.keys(), ...after.seats.keys()])
      : [];
  const inhibitors = after.inhibitors.since(before.inhibitors);
  return inOrder([
    sessions,
    seats,
    users,
    inhibitors.map((change) => (change.after ?? change.before)?.id ?? 0),
  ]);
}

/** Who has the display of each user who was asked for: the same is asked several times of one World. */
const displays = new WeakMap<World, Map<Uid, SessionId>>();

/** The session that is the user's display, or "". */
function displayAt(world: World, uid: Uid): SessionId {
  const known = displays.get(world) ?? new Map<Uid, SessionId>();
  const told = known.get(uid);
  if (told !== undefined) return told;
  const user = world.users.get(uid);
  const id = user === undefined ? "" : (displaySession(world, user)?.id ?? "");
  displays.set(world, known.set(uid, id));
  return id;
}

/** Whether somebody lingers is not in the user's own record. */
function changedUsers(before: World, after: World): Iterable<Uid> {
  if (before.lingering !== after.lingering || before.policy !== after.policy)
    return [...before.users.keys(), ...after.users.keys()];
  return after.users.since(before.users).flatMap((change) => (change.after ?? change.before)?.uid ?? []);
}
