/**
 * Who controls a session: the one connection to the bus that took control. It says which type, display and terminal
 * the session has. The control ends when it is given back, when the connection is gone, when root takes it away for
 * somebody else, and with the session; the type is then what it was before.
 *
 *   nobody --TakeControl--> a connection --ReleaseControl, name lost, another bus, force, the session closes--> nobody
 *
 * A daemon that starts keeps what the record says until the bus tells which of the names are still there.
 */

import { answer, controllable, deny, done, failure, settle } from "./answers.ts";
import { canTakeDevices, isGraphical } from "./classes.ts";
import type { CallResult } from "./effects.ts";
import type { Event } from "./events.ts";
import type { Controller, Session, World } from "./model.ts";
import { isBusGuid, isPrintable, isUniqueName, LONGEST_TEXT, parseType } from "./names.ts";
import { chain, type Step, same, saveSession } from "./outcome.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

/** The session without its controller, and without what the controller changed for as long as it is there. */
export function uncontrolled(session: Session): Session {
  const { control } = session;
  return control === null ? session : { ...session, control: null, type: control.originalType };
}

export function controlRequested(world: World, event: Of<"session.controlRequested">): Step {
  const session = controllable(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  const { controller, force, caller, requester } = event;
  if (force && caller.uid !== 0)
    return deny(world, requester, "not-allowed", "only root may take the control by force");
  if (session.stage.phase === "closing")
    return deny(world, requester, "not-supported", `session ${session.id} is closing`);
  if (!isUniqueName(controller.name) || !isBusGuid(controller.bus))
    return deny(world, requester, "invalid", "who wants the control is no connection to a bus");
  const present = presentControl(session, controller);
  if (present?.name === controller.name) return done(world, requester, session.id);
  if (present !== null && !force) {
    const message = `process ${present.pid} of user ${present.uid} controls session ${session.id}`;
    return deny(world, requester, "control-taken", message);
  }
  const free = uncontrolled(session);
  const { name, bus, uid, pid } = controller;
  return settle(
    world,
    { ...free, control: { name, bus, uid, pid, originalType: free.type, seat: "enabled", vt: false } },
    event.requester,
  );
}

/** One of an earlier bus is gone with it. */
function presentControl({ control }: Session, { bus }: Controller): Controller | null {
  return control?.bus === bus ? control : null;
}

export function controlReleased(world: World, event: Of<"session.controlReleased">): Step {
  const session = controlled(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  return settle(world, uncontrolled(session), event.requester);
}

export function nameLost(world: World, { name }: Of<"bus.nameLost">): Step {
  return lose(world, (control) => control.name === name);
}

export function busConnected(world: World, { bus, names }: Of<"bus.connected">): Step {
  return lose(world, (control) => control.bus !== bus || !names.has(control.name));
}

function lose(world: World, gone: (control: Controller) => boolean): Step {
  const lost = [...world.sessions.values()].filter(({ control }) => control !== null && gone(control));
  if (lost.length === 0) return same(world);
  return chain(
    world,
    ...lost.map((session) => (now: World) => saveSession(now, uncontrolled(session))),
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
