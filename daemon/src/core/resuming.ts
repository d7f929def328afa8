/** Making the devices of the session in the foreground live again. */

import type { Effect } from "./effects.ts";
import { SEATD, type Session, type World } from "./model.ts";
import { chain, type Step, same, saveSession } from "./outcome.ts";
import { hears } from "./pausing.ts";
import type { Taken } from "./seat-model.ts";
import { mapDevices, TRIES } from "./takings.ts";

/** After a refusal, such as by a card whose master somebody else is yet. */
const AGAIN_MS = 200;

export function tryAgain(seat: string): Effect {
  return { kind: "timer.set", timer: `master/${seat}`, afterMs: AGAIN_MS };
}

export interface Resumption {
  readonly session: Session;
  readonly orders: readonly Effect[];
}

/** The session as it is while its paused devices are being made live, and the orders for that. */
export function resumption(world: World, session: Session): Resumption {
  const { control } = session;
  // a display server goes on when its cards are live: what it hears by is live by then
  const orders: Effect[] = [];
  const cards: Effect[] = [];
  if (control === null || control.seat === "disabling" || !hears(world, control)) return { session, orders };
  const resumed = mapDevices(session, (device) => {
    if (!isWaiting(session, device)) return device;
    const order: Effect = { kind: "device.resume", id: session.id, key: device.key };
    (device.kind === "drm" ? cards : orders).push(order);
    return { ...device, state: "resuming", tries: device.tries - 1 };
  });
  return { session: resumed, orders: [...orders, ...cards] };
}

/** Over seatd only cards come back: a client opens everything else again. */
function isWaiting({ control }: Session, { kind, state, tries }: Taken): boolean {
  return state === "paused" && tries > 0 && kind !== "render" && (control?.bus !== SEATD || kind === "drm");
}

/** In the foreground again: every device may be tried as often as ever. */
export function withTries(session: Session): Session {
  return mapDevices(session, (device) => (device.tries === TRIES ? device : { ...device, tries: TRIES }));
}

export function resume(world: World, session: Session): Step {
  const { session: resumed, orders } = resumption(world, session);
  if (orders.length === 0) return same(world);
  return chain(
    world,
    (now) => saveSession(now, resumed),
    (now) => ({ world: now, effects: orders }),
  );
}

/** The keeper has nothing to do about it any more. */
function isSettled({ state }: Taken): boolean {
  return state === "active" || state === "paused";
}

/**
 * The client of the seatd socket has put the seat down, and its cards are live again, or will not be: of one that comes
 * later it would not hear.
 */
export function enable(world: World, session: Session): Step {
  const { control, devices } = session;
  if (control?.bus !== SEATD || control.seat !== "disabled") return same(world);
  if (devices.some((device) => !isSettled(device) || isWaiting(session, device))) return same(world);
  const told: Effect = { kind: "seatd.tell", name: control.name, what: "enable" };
  return chain(
    world,
    (now) => ({ world: now, effects: [told] }),
    (now) => saveSession(now, { ...session, control: { ...control, seat: "enabled" } }),
  );
}
