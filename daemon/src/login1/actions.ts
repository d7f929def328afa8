/** What the manager does to a session by its id and the session's own object does to itself. */

import type { Answer, Call } from "../bus/call.ts";
import type { LATER } from "../bus/table.ts";
import { canLock } from "../core/classes.ts";
import type { Session, SessionId } from "../core/model.ts";
import { seatOf } from "../core/seats.ts";
import { invalidArgs, noSuchSession, notSupported } from "./errors.ts";
import type { Room } from "./room.ts";

export type Later = Promise<Answer | typeof LATER>;

const SIGNAL_MAX = 64;

export function present(room: Room, id: SessionId): Session {
  const session = room.world().sessions.get(id);
  if (session === undefined) throw noSuchSession(`session ${id} is gone`);
  return session;
}

/**
 * Whether and how it can be is the core's to say: by a switch of the terminal, or without one. Where nothing would
 * change everybody may: libseat asks for its own session first of all, also where there is no polkit.
 */
export async function activate(room: Room, { id, seat }: Session, call: Call): Later {
  if (seatOf(room.world(), seat)?.active === id) return [];
  const caller = await room.authority.ask(call, { action: "chvt" });
  present(room, id);
  const at = room.now();
  return room.orders.order(call, (requester) => ({
    kind: "session.activateRequested",
    at,
    requester,
    caller,
    id,
  }));
}

/** To that place of the seat: a virtual terminal, or on a seat without them the position of a session. */
export async function switchSeat(
  room: Room,
  seat: string,
  place: number | "next" | "previous",
  call: Call,
): Later {
  if (place === 0) throw invalidArgs("the places of a seat begin with 1");
  const caller = await room.authority.ask(call, { action: "chvt" });
  const at = room.now();
  return room.orders.order(call, (requester) => ({
    kind: "seat.switchRequested",
    at,
    requester,
    caller,
    seat,
    place,
  }));
}

export async function lock(room: Room, { id, uid }: Session, call: Call, locks: boolean): Later {
  const caller = await room.authority.ask(call, { action: "lock-sessions", owner: uid });
  const session = present(room, id);
  if (!canLock(session)) throw notSupported(`sessions of class ${session.class} have no lock`);
  return room.orders.order(call, (requester) => ({
    kind: "session.lockRequested",
    at: room.now(),
    requester,
    caller,
    id,
    lock: locks,
  }));
}

export async function kill(room: Room, { id, uid }: Session, call: Call): Later {
  const [whom, signal] = call.args.slice(-2) as [string, number];
  if (whom !== "" && whom !== "all" && whom !== "leader")
    throw invalidArgs(`whom: ${JSON.stringify(whom)} is none of "", "all" and "leader"`);
  checkSignal(signal);
  const caller = await room.authority.ask(call, { action: "manage", owner: uid });
  return room.orders.order(call, (requester) => ({
    kind: "session.killRequested",
    requester,
    caller,
    id,
    whom: whom === "leader" ? "leader" : "all",
    signal,
  }));
}

function checkSignal(signal: number): void {
  if (signal < 1 || signal > SIGNAL_MAX)
    throw invalidArgs(`signal ${signal} is not one of 1 to ${SIGNAL_MAX}`);
}

export async function terminate(room: Room, { id, uid }: Session, call: Call): Later {
  const caller = await room.authority.ask(call, { action: "manage", owner: uid });
  const at = room.now();
  return room.orders.order(call, (requester) => ({
    kind: "session.terminateRequested",
    at,
    requester,
    caller,
    id,
  }));
}

export async function terminateUser(room: Room, uid: number, call: Call): Later {
  const caller = await room.authority.ask(call, { action: "manage", owner: uid });
  const at = room.now();
  return room.orders.order(call, (requester) => ({
    kind: "user.terminateRequested",
    at,
    requester,
    caller,
    uid,
  }));
}

export async function killUser(room: Room, uid: number, call: Call): Later {
  const signal = call.args.at(-1) as number;
  checkSignal(signal);
  const caller = await room.authority.ask(call, { action: "manage", owner: uid });
  const at = room.now();
  return room.orders.order(call, (requester) => ({
    kind: "user.killRequested",
    at,
    requester,
    caller,
    uid,
    signal,
  }));
}

export async function terminateSeat(room: Room, seat: string, call: Call): Later {
  const caller = await room.authority.ask(call, { action: "manage" });
  const at = room.now();
  return room.orders.order(call, (requester) => ({
    kind: "seat.terminateRequested",
    at,
    requester,
    caller,
    seat,
  }));
}
