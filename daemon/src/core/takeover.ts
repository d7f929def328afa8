/**
 * Taking the control of a session that has a virtual terminal: the keeper prepares the terminal first, which takes a
 * moment in which everything may change. Each order to it has one entry in World.takeovers until it is answered.
 *
 *   asked --vt.take--> waiting --vt.taken--> in control
 *   waiting --who asked is gone, the session closes--> abandoned (answered) --vt.taken--> the terminal is put back
 */

import { deny, done } from "./answers.ts";
import type { Event } from "./events.ts";
import { handover } from "./handover.ts";
import {
  type Control,
  type Controller,
  type Requester,
  SEATD,
  type Session,
  type SessionId,
  type World,
} from "./model.ts";
import { chain, type Step, same, saveSession } from "./outcome.ts";
import { pausedEffect } from "./pausing.ts";
import { freeVt, relinquish, uncontrolled } from "./relinquish.ts";
import type { Takeover } from "./seat-model.ts";
import { seatOf } from "./seats.ts";

function withTakeover(world: World, id: SessionId, takeover: Takeover): World {
  return { ...world, takeovers: new Map([...world.takeovers, [id, takeover]]) };
}

function withoutTakeover(world: World, id: SessionId): World {
  const takeovers = new Map(world.takeovers);
  takeovers.delete(id);
  return { ...world, takeovers };
}

function hasVt(world: World, session: Session): boolean {
  return session.vtnr !== 0 && seatOf(world, session.seat)?.hasVts === true;
}

/** null: there is no terminal to prepare. */
export function prepareFor(
  world: World,
  session: Session,
  controller: Controller,
  requester: Requester,
): Step | null {
  return hasVt(world, session) ? prepare(world, session, { requester, controller, vt: session.vtnr }) : null;
}

/** The keeper that held the terminal is not the one of today. */
export function prepareAgain(world: World, id: SessionId): Step {
  const session = world.sessions.get(id);
  const control = session?.control;
  if (session === undefined || !control?.vt) return same(world);
  return prepare(world, session, { requester: null, controller: control, vt: session.vtnr });
}

function prepare(world: World, { id, vtnr, uid }: Session, takeover: Takeover): Step {
  return { world: withTakeover(world, id, takeover), effects: [{ kind: "vt.take", id, vt: vtnr, uid }] };
}

export function vtTaken(world: World, { id, error }: Extract<Event, { kind: "vt.taken" }>): Step {
  const takeover = world.takeovers.get(id);
  if (takeover === undefined) return same(world);
  const { requester, controller, vt } = takeover;
  const next = withoutTakeover(world, id);
  const session = next.sessions.get(id);
  if (controller === null || session === undefined) return freeVt(next, vt);
  if (requester === null) return takenAgain(next, session, vt, error);
  if (error === null) return give(next, session, controller, requester);
  const message = `cannot prepare virtual terminal ${vt}: ${error}`;
  // who had the control before may have lost it meanwhile
  return chain(
    next,
    (now) => deny(now, requester, "failed", message),
    (now) => freeVt(now, vt),
  );
}

function takenAgain(world: World, session: Session, vt: number, error: string | null): Step {
  const { control } = session;
  // it is left to who controls the session
  if (error === null || control === null) return freeVt(world, vt);
  const message = `cannot prepare virtual terminal ${vt} again for session ${session.id}: ${error}`;
  return chain(
    world,
    (now) => ({ world: now, effects: [{ kind: "log", level: "warn", message }] }),
    (now) => saveSession(now, { ...session, control: { ...control, vt: false } }),
    (now) => freeVt(now, vt),
  );
}

/** Whoever had the control until now loses all that came with it. */
export function give(world: World, session: Session, controller: Controller, requester: Requester): Step {
  const { control: old } = session;
  const gone =
    old === null ? [] : session.devices.flatMap((device) => pausedEffect(session.id, old, device, "gone"));
  const controlled = withControl(world, uncontrolled(session), controller);
  return chain(
    world,
    (now) => saveSession(now, controlled),
    (now) => ({ world: now, effects: gone }),
    (now) => relinquish(now, session, "taken"),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
    (now) => done(now, requester, session.id),
    (now) => handover(now, session.seat),
  );
}

/** Over seatd nobody says of which type the session is: it is what such clients are. */
function withControl(world: World, free: Session, { name, bus, uid, pid }: Controller): Session {
  const seatd = bus === SEATD;
  const control: Control = {
    name,
    bus,
    uid,
    pid,
    originalType: free.type,
    seat: seatd ? "disabled" : "enabled",
    vt: hasVt(world, free),
  };
  const plain = free.type === "tty" || free.type === "unspecified";
  return { ...free, control, type: seatd && plain ? "wayland" : free.type };
}

/** Who waits is answered; the keeper's answer will find nobody to give the terminal to. */
export function abandon(
  world: World,
  which: (takeover: Takeover, id: SessionId) => boolean,
  why: string,
): Step {
  const waiting = [...world.takeovers].filter(
    ([id, takeover]) => takeover.controller !== null && which(takeover, id),
  );
  return chain(
    world,
    ...waiting.map(([id, takeover]) => (now: World) => {
      const next = withTakeover(now, id, { ...takeover, controller: null });
      return takeover.requester === null ? same(next) : deny(next, takeover.requester, "failed", why);
    }),
  );
}
