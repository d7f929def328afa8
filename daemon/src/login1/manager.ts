/** org.freedesktop.login1.Manager */

import type { Call } from "../bus/call.ts";
import { defineInterface } from "../bus/define.ts";
import type { Method } from "../bus/table.ts";
import type { Session } from "../core/model.ts";
import * as actions from "./actions.ts";
import { attachDevice, flushDevices } from "./attach.ts";
import { createMethods } from "./create.ts";
import { inhibit } from "./inhibit.ts";
import { setUserLinger } from "./linger.ts";
import * as lists from "./lists.ts";
import { managerProperties } from "./manager-properties.ts";
import { SERVICE } from "./paths.ts";
import { powerMethods } from "./power.ts";
import type { ManagerObject, Room } from "./room.ts";
import { method, signal } from "./rows.ts";
import { activateOnSeat } from "./seat.ts";
import { seatNamed, sessionNamed, userNamed } from "./tracking.ts";

type Row = Method<ManagerObject>;

const questions: readonly Row[] = [
  method("GetSession", { in: "s", out: "o", args: "session_id object_path" }, lists.getSession),
  method("GetSessionByPID", { in: "u", out: "o", args: "pid object_path" }, lists.getSessionByPid),
  method("GetUser", { in: "u", out: "o", args: "uid object_path" }, lists.getUser),
  method("GetUserByPID", { in: "u", out: "o", args: "pid object_path" }, lists.getUserByPid),
  method("GetSeat", { in: "s", out: "o", args: "seat_id object_path" }, lists.getSeat),
  method("ListSessions", { out: lists.SESSIONS, args: "sessions" }, lists.listSessions),
  method("ListSessionsEx", { out: lists.SESSIONS_EX, args: "sessions" }, lists.listSessionsEx),
  method("ListUsers", { out: lists.USERS, args: "users" }, lists.listUsers),
  method("ListSeats", { out: lists.SEATS, args: "seats" }, lists.listSeats),
  method("ListInhibitors", { out: lists.INHIBITORS, args: "inhibitors" }, lists.listInhibitors),
];

type Action = (room: Room, session: Session, call: Call) => actions.Later;

/** A method whose first argument names the session. */
function onSession(
  name: string,
  action: Action,
  more: { in: string; args: string } = { in: "", args: "" },
): Row {
  const signature = { in: `s${more.in}`, args: `session_id ${more.args}`.trim() };
  return method(name, signature, async ({ room, world }, call) =>
    action(room, sessionNamed(world, room.tracker, call, call.args[0] as string), call),
  );
}

const lock =
  (locks: boolean): Action =>
  (room, session, call) =>
    actions.lock(room, session, call, locks);

async function lockAll({ room }: ManagerObject, call: Call, locks: boolean): actions.Later {
  const caller = await room.authority.ask(call, { action: "lock-sessions" });
  const at = room.now();
  return room.orders.order(call, (requester) => ({
    kind: "session.lockAllRequested",
    at,
    requester,
    caller,
    lock: locks,
  }));
}

async function activateSessionOnSeat({ room, world }: ManagerObject, call: Call): actions.Later {
  const [id, name] = call.args as [string, string];
  const session = sessionNamed(world, room.tracker, call, id);
  return await activateOnSeat(room, seatNamed(world, room.tracker, call, name).id, session.id, call);
}

const orders: readonly Row[] = [
  onSession("ActivateSession", actions.activate),
  method("ActivateSessionOnSeat", { in: "ss", args: "session_id seat_id" }, activateSessionOnSeat),
  onSession("LockSession", lock(true)),
  onSession("UnlockSession", lock(false)),
  method("LockSessions", {}, (object, call) => lockAll(object, call, true)),
  method("UnlockSessions", {}, (object, call) => lockAll(object, call, false)),
  onSession("KillSession", actions.kill, { in: "si", args: "whom signal_number" }),
  onSession("TerminateSession", actions.terminate),
  method("KillUser", { in: "ui", args: "uid signal_number" }, async ({ room, world }, call) =>
    actions.killUser(room, userNamed(world, room.tracker, call, call.args[0] as number).uid, call),
  ),
  method("TerminateUser", { in: "u", args: "uid" }, async ({ room, world }, call) =>
    actions.terminateUser(room, userNamed(world, room.tracker, call, call.args[0] as number).uid, call),
  ),
  method("TerminateSeat", { in: "s", args: "seat_id" }, async ({ room, world }, call) =>
    actions.terminateSeat(room, seatNamed(world, room.tracker, call, call.args[0] as string).id, call),
  ),
  method("SetUserLinger", { in: "ubb", args: "uid enable interactive" }, setUserLinger),
  method("Inhibit", { in: "ssss", out: "h", args: "what who why mode pipe_fd" }, inhibit),
];

async function reload({ room }: ManagerObject, call: Call): actions.Later {
  await room.authority.ask(call, { action: "reload" });
  room.reload();
  return [];
}

export const managerInterface = defineInterface<ManagerObject>({
  name: `${SERVICE}.Manager`,
  properties: managerProperties,
  methods: [
    ...questions,
    ...createMethods,
    ...orders,
    method("AttachDevice", { in: "ssb", args: "seat_id sysfs_path interactive" }, attachDevice),
    method("FlushDevices", { in: "b", args: "interactive" }, flushDevices),
    ...powerMethods,
    method("Reload", {}, reload),
  ],
  signals: [
    signal("SessionNew", "so", "session_id object_path"),
    signal("SessionRemoved", "so", "session_id object_path"),
    signal("UserNew", "uo", "uid object_path"),
    signal("UserRemoved", "uo", "uid object_path"),
    signal("SeatNew", "so", "seat_id object_path"),
    signal("SeatRemoved", "so", "seat_id object_path"),
    signal("PrepareForShutdown", "b", "start"),
    signal("PrepareForShutdownWithMetadata", "ba{sv}", "start metadata"),
    signal("PrepareForSleep", "b", "start"),
    signal("SecureAttentionKey", "so", "seat_id object_path"),
  ],
});
