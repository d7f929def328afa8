/** Questions to the manager: lists, and objects by name, process or user. */

import { Prepared } from "../bus/body.ts";
import type { Answer, Call } from "../bus/call.ts";
import type { Value } from "../bus/values.ts";
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

/** Lists are asked for again and again: as long as nothing changes the bytes are those of the last time. */
function list(signature: string, rows: (world: World) => Value[]): Handler {
  let of: World | null = null;
  let body = new Prepared(signature, [[]]);
  return ({ world }) => {
    if (of !== world) body = new Prepared(signature, [rows(world)]);
    of = world;
    return body;
  };
}

export const listSessions = list(SESSIONS, (world) =>
  allSessions(world).map((session) => {
    const { id, uid, user } = session;
    return [id, uid, user, seatOfSession(session) ?? "", sessionPath(id)];
  }),
);

export const listSessionsEx = list(SESSIONS_EX, (world) =>
  allSessions(world).map((session) => {
    const { id, uid, user, leader, class: kind, tty } = session;
    const seat = seatOfSession(session) ?? "";
    const { hint, since } = idleOfSession(session);
    return [id, uid, user, seat, leader.pid, kind, tty, hint, monotonic(since), sessionPath(id)];
  }),
);

export const listUsers = list(USERS, (world) =>
  allUsers(world).map(({ uid, name }) => [uid, name, userPath(uid)]),
);

export const listSeats = list(SEATS, (world) => allSeats(world).map(({ id }) => [id, seatPath(id)]));

export const listInhibitors = list(INHIBITORS, (world) =>
  inhibitorsOf(world).map(({ what, who, why, mode, uid, pid }) => [what.join(":"), who, why, mode, uid, pid]),
);

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
