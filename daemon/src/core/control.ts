/**
 * Who controls a session: the one connection, to the bus or to the seatd socket, that took control. It says which type,
 * display and terminal the session has, and has the seat's devices. The control ends when it is given back, when the
 * connection is gone, when root takes it away for somebody else, and with the session; all it had goes with it.
 *
 *   nobody --TakeControl--> (VT prepared) --> a connection
 *   a connection --ReleaseControl, connection gone, another bus, force, the session closes--> nobody
 *
 * A daemon that starts keeps what the record says until the bus tells which of the names are still there. takeover.ts
 * has the way through the VT.
 */

import { answer, controllable, deny, done, failure, settle } from "./answers.ts";
import { canTakeDevices, isGraphical } from "./classes.ts";
import type { CallResult } from "./effects.ts";
import type { Event } from "./events.ts";
import { handover } from "./handover.ts";
import { type Controller, SEATD, type Session, type World } from "./model.ts";
import { isBusGuid, isClientNumber, isPrintable, isUniqueName, LONGEST_TEXT, parseType } from "./names.ts";
import { chain, type Step, same, saveSession } from "./outcome.ts";
import { relinquish, uncontrolled } from "./relinquish.ts";
import { abandon, give, prepareFor } from "./takeover.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

export function controlRequested(world: World, event: Of<"session.controlRequested">): Step {
  const session = controllable(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  const { controller, force, caller, requester } = event;
  if (force && caller.uid !== 0)
    return deny(world, requester, "not-allowed", "only root may take the control by force");
  if (session.stage.phase === "closing")
    return deny(world, requester, "not-supported", `session ${session.id} is closing`);
  if (!isConnection(controller))
    return deny(world, requester, "invalid", "who wants the control is no connection to a bus");
  // who asks over the bus shows that it is there
  const heard: World = controller.bus === SEATD ? world : { ...world, bus: controller.bus };
  const present = presentControl(session, controller);
  if (present?.name === controller.name && present.bus === controller.bus)
    return done(heard, requester, session.id);
  if (present !== null && !force) {
    const message = `process ${present.pid} of user ${present.uid} controls session ${session.id}`;
    return deny(heard, requester, "control-taken", message);
  }
  if (world.takeovers.has(session.id))
    return deny(heard, requester, "busy", `somebody else is taking the control of session ${session.id}`);
  return prepareFor(heard, session, controller, requester) ?? give(heard, session, controller, requester);
}

function isConnection({ name, bus }: Controller): boolean {
  return bus === SEATD ? isClientNumber(name) : isUniqueName(name) && isBusGuid(bus);
}

/** One of an earlier bus is gone with it. */
function presentControl({ control }: Session, { bus }: Controller): Controller | null {
  if (control === null) return null;
  return control.bus === bus || control.bus === SEATD || bus === SEATD ? control : null;
}

export function controlReleased(world: World, event: Of<"session.controlReleased">): Step {
  const session = controlled(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  return chain(
    world,
    (now) => saveSession(now, uncontrolled(session)),
    (now) => relinquish(now, session, "released"),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
    (now) => done(now, event.requester, session.id),
  );
}

export function nameLost(world: World, { name }: Of<"bus.nameLost">): Step {
  return lose(world, (control) => control.bus !== SEATD && control.name === name);
}

export function seatdLeft(world: World, { name }: Of<"seatd.left">): Step {
  return lose(world, (control) => control.bus === SEATD && control.name === name);
}

/** Who is still there is told what could not be said meanwhile. */
export function busConnected(world: World, { bus, names }: Of<"bus.connected">): Step {
  const gone = (control: Controller) =>
    control.bus !== SEATD && (control.bus !== bus || !names.has(control.name));
  return chain(
    { ...world, bus },
    (now) => lose(now, gone),
    (now) => chain(now, ...[...now.seats.keys()].map((id) => (then: World) => handover(then, id))),
  );
}

/** Others follow when what was live is closed, and not before. */
function lose(world: World, gone: (control: Controller) => boolean): Step {
  const lost = [...world.sessions.values()].filter(({ control }) => control !== null && gone(control));
  return chain(
    world,
    (now) =>
      abandon(
        now,
        ({ controller }) => controller !== null && gone(controller),
        "who asked for the control is gone",
      ),
    (now) => (lost.length === 0 ? same(now) : takeFrom(now, lost)),
  );
}

function takeFrom(world: World, lost: readonly Session[]): Step {
  return chain(
    world,
    ...lost.map(
      (session) => (now: World) =>
        chain(
          now,
          (then) => saveSession(then, uncontrolled(session)),
          (then) => relinquish(then, session, "gone"),
        ),
    ),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
  );
}

export function typeRequested(world: World, event: Of<"session.typeRequested">): Step {
  const session = controlled(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  const type = parseType(event.type);
  if (type === null)
    return deny(world, event.requester, "invalid", `session type ${JSON.stringify(event.type)} is unknown`);
  if (!canTakeDevices(session)) {
    const message = `the type of sessions of class ${session.class} does not change`;
    return deny(world, event.requester, "not-supported", message);
  }
  return settle(world, { ...session, type }, event.requester);
}

export function displayRequested(world: World, event: Of<"session.displayRequested">): Step {
  const session = controlled(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  if (!isGraphical(session)) {
    const message = `a session of type ${session.type} has no display`;
    return deny(world, event.requester, "not-supported", message);
  }
  const { display } = event;
  if (!isShort(display))
    return deny(world, event.requester, "invalid", `display ${JSON.stringify(display)} cannot be used`);
  return settle(world, { ...session, display }, event.requester);
}

/** The terminal's name comes from the descriptor that was given for it. */
export function ttyRequested(world: World, event: Of<"session.ttyRequested">): Step {
  const session = controlled(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  const { tty } = event;
  if (!isShort(tty))
    return deny(world, event.requester, "invalid", `terminal ${JSON.stringify(tty)} cannot be used`);
  return settle(world, { ...session, tty }, event.requester);
}

function isShort(text: string): boolean {
  return isPrintable(text) && text.length <= LONGEST_TEXT;
}

/** The session that the caller controls, or why not: what the connection is counts, not whose it is. */
function controlled(
  world: World,
  { id, name }: { readonly id: string; readonly name: string },
): Session | CallResult {
  const session = world.sessions.get(id);
  if (session === undefined) return failure("no-such-session", `there is no session ${id}`);
  if (session.control?.name === name) return session;
  return failure("not-controller", `${name} does not control session ${id}`);
}
