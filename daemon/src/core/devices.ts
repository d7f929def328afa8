/**
 * What the keeper answers to orders about devices. It carries them out one after the other. An answer therefore counts
 * only in the state that waits for it: one that comes in another state belongs to an order that a later one has
 * overtaken.
 */

import type { Effect } from "./effects.ts";
import type { Event } from "./events.ts";
import { handover, wanted } from "./handover.ts";
import { SEATD, type Session, type World } from "./model.ts";
import { chain, put, type Step, same, saveSession } from "./outcome.ts";
import { hears, pausedEffect } from "./pausing.ts";
import { enable, tryAgain } from "./resuming.ts";
import type { Taken } from "./seat-model.ts";
import { seatOf } from "./seats.ts";
import { type Refused, refuseTake, takeReply } from "./taking.ts";
import { closeDevices, deviceByKey, hasLive, TRIES, withDevice, withoutDevices } from "./takings.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

/** Written down first, answered second: what the controller has then, a restart knows. */
export function deviceOpened(world: World, event: Of<"device.opened">): Step {
  const { id, key, requester, result } = event;
  const session = world.sessions.get(id);
  const device = session === undefined ? null : deviceByKey(session, key);
  if (session === undefined || device?.state !== "opening") {
    const message = `session ${id} has given the device back meanwhile`;
    return refuseTake(world, requester, { refusal: "not-controller", message });
  }
  if ("errno" in result) {
    const message = `cannot open ${device.node}: ${result.errno}`;
    const refused: Refused = { refusal: "failed", message, errno: result.errno };
    return chain(
      world,
      (now) => saveSession(now, withoutDevices(session, [device])),
      // one that was open already and was not replaced, as for a client that is dead by then, is there still
      (now) => closeDevices(now, session, [device]),
      (now) => refuseTake(now, requester, refused),
    );
  }
  const active = result.active || device.kind === "render";
  const state = active ? "active" : "paused";
  // over seatd the question is not taken from the socket before it is answered: nobody has to remember that it was
  const known = session.control?.bus === SEATD;
  const opened = withDevice(session, { ...device, state, told: state, answered: known });
  return chain(
    world,
    (now) => saveSession(now, opened),
    (now) => takeReply(now, requester, { ok: true, key, active }),
    (now) => answered(now, opened, key),
    (now) => handover(now, session.seat),
  );
}

/** A daemon that dies before this cannot tell whether the controller has it, which may then take it once more. */
function answered(world: World, session: Session, key: number): Step {
  const device = deviceByKey(session, key);
  if (device === null || device.answered) return same(world);
  return saveSession(world, withDevice(session, { ...device, answered: true }));
}

export function devicePaused(world: World, { id, key, error }: Of<"device.paused">): Step {
  const session = world.sessions.get(id);
  const device = session === undefined ? null : deviceByKey(session, key);
  if (session === undefined || device?.state !== "pausing") return same(world);
  if (error !== null) return notPaused(world, session, device, error);
  const { control } = session;
  const tells = device.told === "active" && control !== null && hears(world, control);
  const told = tells ? "paused" : device.told;
  const next = put(world, withDevice(session, { ...device, state: "paused", told }));
  const rest = settled(next, id);
  if (!tells) return rest;
  return { world: rest.world, effects: [...pausedEffect(id, control, device, "force"), ...rest.effects] };
}

/** The keeper has killed the controller and dropped the device. */
function notPaused(world: World, session: Session, device: Taken, error: string): Step {
  const message = `${device.node} could not be taken from session ${session.id} of ${session.user}: ${error}; its controller was killed`;
  return chain(
    world,
    (now) => ({ world: now, effects: [{ kind: "log", level: "warn", message }] }),
    (now) => saveSession(now, withoutDevices(session, [device])),
    (now) => settled(now, session.id),
  );
}

/** When nothing of the session is live any more others may follow; when it is in the foreground itself, it goes on. */
function settled(world: World, id: string): Step {
  const session = world.sessions.get(id);
  const seat = seatOf(world, session?.seat ?? null);
  if (session === undefined || seat === null) return same(world);
  if (hasLive(session) && wanted(world, seat)?.id !== id) return same(world);
  return chain(
    world,
    (now) => saveSession(now, session),
    (now) => handover(now, seat.id),
  );
}

export function deviceResumed(world: World, { id, key, error }: Of<"device.resumed">): Step {
  const session = world.sessions.get(id);
  const device = session === undefined ? null : deviceByKey(session, key);
  if (session === undefined || session.control === null || device?.state !== "resuming") return same(world);
  const next: Taken =
    error === null
      ? { ...device, state: "active", told: "active", tries: TRIES }
      : { ...device, state: "paused" };
  const changed = withDevice(session, next);
  const effects: Effect[] = [];
  if (error === null && session.control.bus !== SEATD) {
    const { major, minor } = device;
    effects.push({ kind: "controller.resumed", id, control: session.control, number: { major, minor }, key });
  }
  if (error !== null && next.tries > 0 && session.seat !== null) effects.push(tryAgain(session.seat));
  const resumed: Step = { world: put(world, changed), effects };
  if (changed.devices.findLast(({ state }) => state === "resuming") !== undefined) return resumed;
  return chain(
    world,
    () => resumed,
    (now) => saveSession(now, changed),
    (now) => enableActive(now, changed),
  );
}

function enableActive(world: World, { id, seat }: Session): Step {
  const session = world.sessions.get(id);
  return session !== undefined && seatOf(world, seat)?.active === id ? enable(world, session) : same(world);
}

/** It is nobody's any more. */
export function deviceClosed(world: World, { id, key, error }: Of<"device.closed">): Step {
  const dropped = world.dropped.get(key);
  const message = `a device of session ${id} could not be taken from it: ${error}; its controller was killed`;
  const effects: Effect[] = error === null ? [] : [{ kind: "log", level: "warn", message }];
  if (dropped === undefined) return { world, effects };
  const seats = dropped.seat === null ? [...world.seats.keys()] : [dropped.seat];
  return chain(
    { ...world, dropped: world.dropped.without(key) },
    (now) => ({ world: now, effects }),
    ...seats.map((seat) => (now: World) => handover(now, seat)),
  );
}
