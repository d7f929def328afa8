/** Taking the devices of sessions that are not to be in the foreground, and telling their controllers. */

import type { Effect } from "./effects.ts";
import { type Control, SEATD, type Session, type SessionId, type World } from "./model.ts";
import { chain, put, type Step, same, saveSession } from "./outcome.ts";
import type { Seat, Taken } from "./seat-model.ts";
import { mapDevices } from "./takings.ts";

/** What a controller may take that was asked. */
const GRACE_MS = 1000;

/** Whether something can be said to the controller at this moment. */
export function hears(world: World, { bus }: Control): boolean {
  return bus === SEATD || bus === world.bus;
}

export function pausedEffect(
  id: SessionId,
  control: Control,
  { major, minor }: Taken,
  how: "pause" | "force" | "gone",
): Effect[] {
  return control.bus === SEATD
    ? []
    : [{ kind: "controller.paused", id, control, number: { major, minor }, how }];
}

/**
 * With terminals at once; else the controller is asked first, if it hears. That it was asked, or told to put down its
 * seat, is written down before: another daemon must know its answer for one.
 */
export function mute(world: World, seat: Seat, session: Session): Step {
  const { control } = session;
  if (control === null) return same(world);
  const effects: Effect[] = [];
  const asks = !seat.hasVts && hears(world, control) && control.seat !== "disabled";
  const disabled = withSeatDown(session, effects);
  let asked = false;
  const muted = mapDevices(disabled, (device) => {
    const { kind, state } = device;
    if (kind === "render") return device;
    if (asks && state === "active") {
      asked = true;
      effects.push(...pausedEffect(session.id, control, device, "pause"));
      return { ...device, state: "asked" };
    }
    if (state !== "active" && state !== "resuming") return device;
    effects.push({ kind: "device.pause", id: session.id, key: device.key });
    return { ...device, state: "pausing" };
  });
  if (muted === session) return same(world);
  if (asked) effects.push(graceTimer(seat.id));
  const answers = asked || disabled !== session;
  return chain(
    world,
    (now) => (answers ? saveSession(now, muted) : same(put(now, muted))),
    (now) => ({ world: now, effects }),
  );
}

export function graceTimer(seat: string): Effect {
  return { kind: "timer.set", timer: `handover/${seat}`, afterMs: GRACE_MS };
}

/** A client of the seatd socket is told once, whatever devices it has. */
function withSeatDown(session: Session, effects: Effect[]): Session {
  const { control } = session;
  if (control?.bus !== SEATD || control.seat !== "enabled") return session;
  effects.push({ kind: "seatd.tell", name: control.name, what: "disable" });
  return { ...session, control: { ...control, seat: "disabling" } };
}

/** What follows from that, before others get anything. */
export interface Muted {
  readonly session: Session;
  readonly rest: (world: World) => Step;
}

/** The keeper has muted what was shown on the terminal of this session. */
export function mutedByKeeper(world: World, session: Session): Muted {
  const effects: Effect[] = [];
  const disabled = withSeatDown(session, effects);
  // what the keeper still has an order for, it answers after this
  const muted = mapDevices(disabled, (device) =>
    device.kind !== "render" && device.state === "active" ? { ...device, state: "paused" } : device,
  );
  if (muted === session) return { session, rest: same };
  const told = withTold(world, muted, effects);
  const save = (now: World) => saveSession(now, now.sessions.get(session.id) ?? told);
  const order = (now: World) => ({ world: now, effects });
  // as in mute(); who is not to answer may be told twice
  const steps = disabled === session ? [order, save] : [save, order];
  return { session: told, rest: (now) => chain(now, ...steps) };
}

/** Those who were asked have had their time. */
export function askedLongEnough(world: World, session: Session): Step {
  const effects: Effect[] = [];
  const muted = mapDevices(session, (device) => {
    if (device.state !== "asked") return device;
    effects.push({ kind: "device.pause", id: session.id, key: device.key });
    return { ...device, state: "pausing" };
  });
  return { world: muted === session ? world : put(world, muted), effects };
}

/** Tells of every muted device of which the controller does not know, and writes that down. */
export function tell(world: World, session: Session): Step {
  const effects: Effect[] = [];
  const told = withTold(world, session, effects);
  if (told === session) return same(world);
  return chain(
    world,
    (now) => ({ world: now, effects }),
    (now) => saveSession(now, told),
  );
}

function withTold(world: World, session: Session, effects: Effect[]): Session {
  const { control } = session;
  if (control === null || !hears(world, control)) return session;
  return mapDevices(session, (device) => {
    if (device.state !== "paused" || device.told === "paused") return device;
    effects.push(...pausedEffect(session.id, control, device, "force"));
    return { ...device, told: "paused" };
  });
}
