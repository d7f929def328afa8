/**
 * Who has an entry in the access lists of a seat's devices: the user of the session in its foreground, unless that is
 * root, and nobody else. Computed from the World each time, for all devices that may be concerned.
 *
 * A user is in Seat.granted, on disk, from before the first entry until some time after the last was removed: what a
 * crash leaves behind is found, and what udev's own helper has put back, which read who was active before, is removed
 * by the second look.
 */

import type { Effect } from "./effects.ts";
import type { Uid, World } from "./model.ts";
import { chain, type Step, same } from "./outcome.ts";
import type { Device, Seat } from "./seat-model.ts";
import { saveSeat, seat0, seatOf } from "./seats.ts";

const SECOND_LOOK_MS = 600;

/** By the devices that there are: a switch asks several times for the same ones. */
const found = new WeakMap<World["devices"], Map<string, readonly Device[]>>();

/** Nodes that the active user of the seat may open. */
function devicesOf({ devices }: World, { id }: Seat): readonly Device[] {
  const seats = found.get(devices) ?? new Map<string, readonly Device[]>();
  const known = seats.get(id);
  if (known !== undefined) return known;
  const nodes = devices.values().filter((device) => device.seat === id && hasAccess(device));
  found.set(devices, seats.set(id, nodes));
  return nodes;
}

function hasAccess({ uaccess, node }: Device): boolean {
  return uaccess && node !== "";
}

/** Who may use the seat's devices now. Root may anyway. */
function userOf(world: World, { active }: Seat): Uid | null {
  return world.sessions.get(active ?? "")?.uid || null;
}

function others(seat: Seat, uid: Uid | null): Uid[] {
  return seat.granted.filter((each) => each !== uid);
}

export function secondLook({ id }: Seat): Effect {
  return { kind: "timer.set", timer: `access/${id}`, afterMs: SECOND_LOOK_MS };
}

/** Takes the seat's devices from everybody but who is to have them; a second look follows. */
export function takeAccess(world: World, seat: Seat, next: Uid | null): Step {
  const remove = others(seat, next || null);
  const devices = devicesOf(world, seat);
  return { world, effects: devices.length === 0 ? [] : removal(seat.id, devices, remove) };
}

/** The user who is active from now on is written down before there is an entry. */
export function recordAccess(world: World, id: string): Step {
  const seat = seatOf(world, id);
  const uid = seat === null ? null : userOf(world, seat);
  if (seat === null || uid === null || seat.granted.includes(uid)) return same(world);
  if (devicesOf(world, seat).length === 0) return same(world);
  return saveSeat(world, { ...seat, granted: [...seat.granted, uid] });
}

/** Whether somebody else may have an entry. */
export function isGrantedTo(seat: Seat, next: Uid | null): boolean {
  return others(seat, next || null).length > 0;
}

/** Sets the lists of all devices of the seat, after recordAccess; a second look follows. */
export function giveAccess(world: World, id: string): Step {
  const seat = seatOf(world, id);
  const devices = seat === null ? [] : devicesOf(world, seat);
  if (seat === null || devices.length === 0) return same(world);
  const uid = userOf(world, seat);
  if (uid === null && seat.granted.length === 0) return same(world);
  return { world, effects: [{ kind: "access.set", seat: id, devices, uid, remove: others(seat, uid) }] };
}

/** Some time after the last change: everything once more, and then the others have no entry any more. */
export function accessOver(world: World, id: string): Step {
  const seat = seatOf(world, id);
  if (seat === null || !world.enumerated) return same(world);
  const uid = userOf(world, seat);
  const devices = devicesOf(world, seat);
  const remove = others(seat, uid);
  const set: Effect[] = devices.length === 0 ? [] : [{ kind: "access.set", seat: id, devices, uid, remove }];
  const granted = seat.granted.filter((each) => each === uid);
  return chain(
    world,
    (now) => ({ world: now, effects: set }),
    (now) => (remove.length === 0 ? same(now) : saveSeat(now, { ...seat, granted })),
  );
}

/** What a device was before, null for one that came, and is now. */
export interface DeviceChange {
  readonly before: Device | null;
  readonly after: Device;
}

/** Devices by seat. */
function bySeat(found: Iterable<readonly [seat: string, device: Device]>): Map<string, Device[]> {
  const seats = new Map<string, Device[]>();
  for (const [seat, device] of found) {
    const devices = seats.get(seat);
    if (devices === undefined) seats.set(seat, [device]);
    else devices.push(device);
  }
  return seats;
}

/**
 * Before seats come and go, and before anybody gets something: who may have an entry for any device is removed from
 * these, but for whom they belong to now. One may have been on another seat, also while there was no daemon, and
 * udev's helper may have given it to who was active there.
 */
export function loseAccess(world: World, changes: readonly DeviceChange[]): Step {
  const granted = [...new Set([...world.seats.values()].flatMap((seat) => seat.granted))];
  const here = changes.flatMap(({ after }) => (hasAccess(after) ? [[after.seat, after] as const] : []));
  const nobodys = changes.flatMap(({ before, after }) =>
    before !== null && hasAccess(before) && !hasAccess(after) ? [[after.seat, after] as const] : [],
  );
  const effects: Effect[] = [];
  for (const [id, devices] of bySeat(nobodys)) effects.push(...removal(id, devices, granted));
  for (const [id, devices] of bySeat(here)) {
    const seat = seatOf(world, id);
    const uid = seat === null ? null : userOf(world, seat);
    const remove = granted.filter((each) => each !== uid);
    effects.push(...removal(id, devices, remove));
  }
  return { world, effects };
}

function removal(seat: string, devices: readonly Device[], remove: readonly Uid[]): Effect[] {
  return remove.length === 0 ? [] : [{ kind: "access.set", seat, devices, uid: null, remove }];
}

/** The lists of devices that came, or are otherwise than before. */
export function gainAccess(world: World, changes: readonly DeviceChange[]): Step {
  const gained = bySeat(
    changes.flatMap(({ after }) => (hasAccess(after) ? [[after.seat, after] as const] : [])),
  );
  return chain(
    world,
    ...[...gained].map(
      ([id, devices]) =>
        (now: World) =>
          gain(now, id, devices),
    ),
  );
}

function gain(world: World, id: string, devices: readonly Device[]): Step {
  return chain(
    world,
    (now) => recordAccess(now, id),
    (now) => {
      const seat = seatOf(now, id);
      if (seat === null) return same(now);
      const uid = userOf(now, seat);
      if (uid === null) return { world: now, effects: seat.granted.length === 0 ? [] : [secondLook(seat)] };
      const set: Effect = { kind: "access.set", seat: id, devices, uid, remove: others(seat, uid) };
      return { world: now, effects: [set, secondLook(seat)] };
    },
  );
}

/**
 * The seat is no more: nobody has its devices. What of them turns up on another seat before that was noticed may have
 * an entry yet, which the second look at seat0 stands for.
 */
export function endAccess(world: World, seat: Seat): Step {
  const first = seat0(world);
  const granted = [...new Set([...first.granted, ...seat.granted])];
  const cancel: Effect = { kind: "timer.cancel", timer: `access/${seat.id}` };
  const devices = devicesOf(world, seat);
  return chain(
    world,
    (now) => ({ world: now, effects: devices.length === 0 ? [] : removal(seat.id, devices, seat.granted) }),
    (now) => (granted.length === first.granted.length ? same(now) : saveSeat(now, { ...first, granted })),
    (now) => ({ world: now, effects: granted.length === 0 ? [cancel] : [cancel, secondLook(first)] }),
  );
}
