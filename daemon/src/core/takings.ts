/** Devices that a session's controller has open: questions, and the ways in which they change. */

import type { Effect } from "./effects.ts";
import type { Session, World } from "./model.ts";
import type { Step } from "./outcome.ts";
import type { Dropped, Taken } from "./seat-model.ts";

/** How often it is tried to make a device live. */
export const TRIES = 20;

/** Something may come out of it, or go into it, at this moment. A render node shows nothing and is not muted. */
export function isLive({ kind, state, told }: Taken): boolean {
  if (kind === "render" || state === "paused") return false;
  return state !== "opening" || told === "active";
}

/** The newest first: the keeper answers in the order in which it is asked, so that the last one is the last to change. */
export function hasLive({ devices }: Session): boolean {
  for (let i = devices.length - 1; i >= 0; i--) {
    const device = devices[i];
    if (device !== undefined && isLive(device)) return true;
  }
  return false;
}

function indexOfKey(devices: readonly Taken[], key: number): number {
  // there may be very many answers, one for each of very many devices
  for (let i = 0; i < devices.length; i++) if (devices[i]?.key === key) return i;
  return -1;
}

export function deviceByKey({ devices }: Session, key: number): Taken | null {
  return devices[indexOfKey(devices, key)] ?? null;
}

/** With this one in place of the one that has its key. */
export function withDevice(session: Session, changed: Taken): Session {
  const devices = session.devices.slice();
  devices[indexOfKey(devices, changed.key)] = changed;
  return { ...session, devices };
}

export function withoutDevices(session: Session, devices: readonly Taken[]): Session {
  const keys = new Set(devices.map(({ key }) => key));
  return { ...session, devices: session.devices.filter(({ key }) => !keys.has(key)) };
}

/** With every device changed so; the session itself if none is. */
export function mapDevices(session: Session, change: (device: Taken) => Taken): Session {
  let changed = false;
  const devices = session.devices.map((device) => {
    const next = change(device);
    changed ||= next !== device;
    return next;
  });
  return changed ? { ...session, devices } : session;
}

/**
 * The session has these no longer, and its record says so: the keeper mutes and closes them. One that may be live
 * until then keeps others from the foreground.
 */
export function closeDevices(world: World, { id, seat }: Session, devices: readonly Taken[]): Step {
  let { dropped } = world;
  const entry: Dropped = { seat, session: id };
  for (const device of devices) if (isLive(device)) dropped = dropped.with(device.key, entry);
  const effects = devices.map(({ key }): Effect => ({ kind: "device.close", id, key }));
  return { world: { ...world, dropped }, effects };
}
