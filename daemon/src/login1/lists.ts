/** Questions to the manager: lists, and objects by name, process or user. */

import { join } from "../bus/body.ts";
import type { Answer, Call } from "../bus/call.ts";
import { writeBody } from "../bus/codec.ts";
import type { Value } from "../bus/values.ts";
import { Writer } from "../bus/writer.ts";
import { seatOfSession } from "../core/display.ts";
import { idleOfSession } from "../core/idle.ts";
import type { World } from "../core/model.ts";
import { allSeats } from "../core/seats.ts";
import { allSessions, allUsers } from "../core/select.ts";
import { noSessionForPid, noUserForPid } from "./errors.ts";
import { inhibitorsOf } from "./inhibit.ts";
import { seatPath, sessionPath, userPath } from "./paths.ts";
import type { ManagerObject } from "./room.ts";
import { monotonic } from "./rows.ts";
import { seatNamed, sessionNamed, userNamed } from "./tracking.ts";

export const SESSIONS = "a(susso)";
export const SESSIONS_EX = "a(sussussbto)";
export const USERS = "a(uso)";
export const SEATS = "a(so)";
export const INHIBITORS = "a(ssssuu)";

type Handler = (object: ManagerObject, call: Call) => Answer;

/**
 * Lists are asked for again and again: as long as nothing changes the bytes are those of the last time, and after a
 * change most of the rows are.
 */
function list<T extends object>(
  signature: string,
  all: (world: World) => readonly T[],
  row: (each: T) => readonly Value[],
): Handler {
  const rows = new WeakMap<T, Uint8Array>();
  const writer = new Writer();
  const encoded = (each: T) => {
    const known = rows.get(each);
    if (known !== undefined) return known;
    writer.reset(0);
    writeBody(writer, signature.slice(1), [row(each)]);
    const made = new Uint8Array(writer.bytes.subarray(0, writer.at));
    rows.set(each, made);
    return made;
  };
  let of: World | null = null;
  let body = join(signature, []);
  return ({ world }) => {
    if (of !== world) body = join(signature, all(world).map(encoded));
    of = world;
    return body;
  };
}

export const listSessions = list(SESSIONS, allSessions, (session) => {
  const { id, uid, user } = session;
  return [id, uid, user, seatOfSession(session) ?? "", sessionPath(id)];
});

export const listSessionsEx = list(SESSIONS_EX, allSessions, (session) => {
  const { id, uid, user, leader, class: kind, tty } = session;
  const seat = seatOfSession(session) ?? "";
  const { hint, since } = idleOfSession(session);
  return [id, uid, user, seat, leader.pid, kind, tty, hint, monotonic(since), sessionPath(id)];
});

export const listUsers = list(USERS, allUsers, ({ uid, name }) => [uid, name, userPath(uid)]);

export const listSeats = list(SEATS, allSeats, ({ id }) => [id, seatPath(id)]);

export const listInhibitors = list(INHIBITORS, inhibitorsOf, ({ what, who, why, mode, uid, pid }) => [
  what.join(":"),
  who,
  why,
  mode,
  uid,
  pid,
]);

export const getSession: Handler = ({ room, world }, call) => {
  const [name] = call.args as [string];
  return [sessionPath(sessionNamed(world, room.tracker, call, name).id)];
};

export const getSessionByPid: Handler = ({ room }, call) => {
  const pid = askedPid(call);
  const session = room.tracker.sessionOf(pid);
  if (session === null) throw noSessionForPid(`process ${pid ?? "?"} is in no session`);
  return [sessionPath(session.id)];
};

export const getUser: Handler = ({ room, world }, call) => {
  const [asked] = call.args as [number];
  return [userPath(userNamed(world, room.tracker, call, asked).uid)];
};

export const getUserByPid: Handler = ({ room, world }, call) => {
  const pid = askedPid(call);
  const uid = room.tracker.ownerOf(pid);
  if (uid === null || !world.users.has(uid)) throw noUserForPid(`process ${pid ?? "?"} belongs to no user`);
  return [userPath(uid)];
};

export const getSeat: Handler = ({ room, world }, call) => {
  const [name] = call.args as [string];
  return [seatPath(seatNamed(world, room.tracker, call, name).id)];
};

/** 0 is the caller's. */
function askedPid({ args, caller }: Call): number | null {
  const [pid] = args as [number];
  return pid === 0 ? caller.pid : pid;
}
