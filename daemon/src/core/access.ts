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
import { saveSeat, seatOf } from "./seats.ts";

const SECOND_LOOK_MS = 600;

/** Nodes that the active user of the seat may open. */
function devicesOf(world: World, seat: Seat): Device[] {
  const devices: Device[] = [];
  for (const device of world.devices.values())
    if (device.seat === seat.id && hasAccess(device)) devices.push(device);
  return devices;
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

function secondLook({ id }: Seat): Effect {
  return { kind: "timer.set", timer: `access/${id}`, afterMs: SECOND_LOOK_MS };
}

/** Takes the seat's devices from everybody but who is to have them. */
export function takeAccess(world: World, seat: Seat, next: Uid | null): Step {
  const remove = others(seat, next || null);
  if (remove.length === 0) return same(world);
  const devices = devicesOf(world, seat);
  if (devices.length === 0) return same(world);
  return {
    world,
    effects: [{ kind: "access.set", seat: seat.id, devices, uid: null, remove }, secondLook(seat)],
  };
}

/** The user who is active from now on is written down before there is an entry. */
export function recordAccess(world: World, id: string): Step {
  const seat = seatOf(world, id);
  const uid = seat === null ? null : userOf(world, seat);
  if (seat === null || uid === null || seat.granted.includes(uid)) return same(world);
  if (devicesOf(world, seat).length === 0) return same(world);
  return saveSeat(world, { ...seat, granted: [...seat.granted, uid] });
}

/** Sets the lists of all devices of the seat, after recordAccess. */
export function giveAccess(world: World, id: string): Step {
  const seat = seatOf(world, id);
  const devices = seat === null ? [] : devicesOf(world, seat);
  if (seat === null || devices.length === 0) return same(world);
  const uid = userOf(world, seat);
  if (uid === null && seat.granted.length === 0) return same(world);
  const set: Effect = { kind: "access.set", seat: id, devices, uid, remove: others(seat, uid) };
  return { world, effects: [set, secondLook(seat)] };
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

/** What became of a device: null before it came, and after it went. */
export interface DeviceChange {
  readonly before: Device | null;
  readonly after: Device | null;
}

/** The lists of devices that came, or are otherwise than before: none of an earlier seat's users stays in them. */
export function accessChanged(world: World, changes: readonly DeviceChange[]): Step {
  const taken = changes.flatMap((change) => lost(world, change));
  const gained = new Map<string, Device[]>();
  for (const { after } of changes)
    if (after !== null && hasAccess(after))
      gained.set(after.seat, [...(gained.get(after.seat) ?? []), after]);
  return chain(
    world,
    (now) => ({ world: now, effects: taken }),
    ...[...gained].map(
      ([id, devices]) =>
        (now: World) =>
          gain(now, id, devices),
    ),
  );
}

function lost(world: World, { before, after }: DeviceChange): Effect[] {
  if (before === null || after === null || !hasAccess(before)) return [];
  if (after.seat === before.seat && hasAccess(after)) return [];
  const remove = seatOf(world, before.seat)?.granted ?? [];
  return remove.length === 0
    ? []
    : [{ kind: "access.set", seat: before.seat, devices: [after], uid: null, remove }];
}

function gain(world: World, id: string, devices: readonly Device[]): Step {
  return chain(
    world,
    (now) => recordAccess(now, id),
    (now) => {
      const seat = seatOf(now, id);
      if (seat === null) return same(now);
      const uid = userOf(now, seat);
      const remove = others(seat, uid);
      if (uid === null && remove.length === 0) return same(now);
      return {
        world: now,
        effects: [{ kind: "access.set", seat: id, devices, uid, remove }, secondLook(seat)],
      };
    },
  );
}

/** The seat is no more: nobody has its devices. */
export function endAccess(world: World, seat: Seat): Step {
  const devices = devicesOf(world, seat);
  const cancel: Effect = { kind: "timer.cancel", timer: `access/${seat.id}` };
  if (devices.length === 0 || seat.granted.length === 0) return { world, effects: [cancel] };
  const remove: Effect = { kind: "access.set", seat: seat.id, devices, uid: null, remove: seat.granted };
  return { world, effects: [remove, cancel] };
}
