/** Methods of a session for its controller, the one connection that took control, and for its owner. */

import type { Call } from "../bus/call.ts";
import type { LATER } from "../bus/table.ts";
import { canIdle } from "../core/classes.ts";
import type { Event } from "../core/events.ts";
import type { Requester } from "../core/model.ts";
import { askOwner, callerOf } from "./authority.ts";
import { accessDenied, notInControl, notSupported } from "./errors.ts";
import type { SessionObject } from "./room.ts";

export type Later = typeof LATER;
export type Handler = (object: SessionObject, call: Call) => Later;

const GRAPHICAL: ReadonlySet<string> = new Set(["x11", "wayland", "mir"]);

/** What every request about this session has. */
export function about({ room, session }: SessionObject, call: Call, requester: Requester) {
  return { at: room.now(), requester, caller: callerOf(call), id: session.id };
}

export const setIdleHint: Handler = (object, call) => {
  const { room, session } = object;
  askOwner(call, session.uid);
  if (!canIdle(session)) throw notSupported(`sessions of class ${session.class} are never idle`);
  if (!GRAPHICAL.has(session.type))
    throw notSupported(`whether a session of type ${session.type} is idle is not for itself to say`);
  const [idle] = call.args as [boolean];
  return room.orders.order(call, (requester) => ({
    ...about(object, call, requester),
    kind: "session.idleHintRequested",
    idle,
  }));
};

export const setLockedHint: Handler = (object, call) => {
  askOwner(call, object.session.uid);
  const [locked] = call.args as [boolean];
  return object.room.orders.order(call, (requester) => ({
    ...about(object, call, requester),
    kind: "session.lockedHintRequested",
    locked,
  }));
};

export const setClass: Handler = (object, call) => {
  askOwner(call, object.session.uid);
  const [name] = call.args as [string];
  return object.room.orders.order(call, (requester) => ({
    ...about(object, call, requester),
    kind: "session.classRequested",
    class: name,
  }));
};

/** Only root may take the control away from somebody. */
export const takeControl: Handler = (object, call) => {
  const { room, session } = object;
  const { uid, pid } = askOwner(call, session.uid);
  const [force] = call.args as [boolean];
  if (force && uid !== 0) throw accessDenied("only root may take the control by force");
  const controller = { name: call.caller.name, bus: room.bus(), uid, pid };
  // its end must be heard of from before it has anything
  room.watchController(call);
  return room.orders.order(call, (requester) => ({
    ...about(object, call, requester),
    kind: "session.controlRequested",
    force,
    controller,
  }));
};

export const releaseControl: Handler = (object, call) =>
  orderAsController(object, call, (common) => ({ ...common, kind: "session.controlReleased" }));

export const setType: Handler = (object, call) => {
  const [type] = call.args as [string];
  return orderAsController(object, call, (common) => ({ ...common, kind: "session.typeRequested", type }));
};

export const setDisplay: Handler = (object, call) => {
  const [display] = call.args as [string];
  return orderAsController(object, call, (common) => ({
    ...common,
    kind: "session.displayRequested",
    display,
  }));
};

export const setTty: Handler = (object, call) => {
  checkController(object, call);
  const tty = object.room.kernel.terminalOfFd(call.fd(call.args[0] ?? 0));
  return orderAsController(object, call, (common) => ({ ...common, kind: "session.ttyRequested", tty }));
};

type Common = ReturnType<typeof about> & { readonly name: string };

export function orderAsController(object: SessionObject, call: Call, make: (common: Common) => Event): Later {
  checkController(object, call);
  const { name } = call.caller;
  return object.room.orders.order(call, (requester) => make({ ...about(object, call, requester), name }));
}

/** The same name on another bus was somebody else. */
export function checkController({ room, session }: SessionObject, call: Call): void {
  const { control } = session;
  if (control !== null && control.name === call.caller.name && control.bus === room.bus()) return;
  throw notInControl(`${call.caller.name} does not control session ${session.id}`);
}
