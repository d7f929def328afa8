/**
 * Seats, as the machine shows them: the virtual terminal in the foreground, and the devices that come and go. seat0 is
 * always there; another seat is there while it has a device with the tag master-of-seat, and its sessions are closed
 * with it.
 */

import { type DeviceChange, endAccess, gainAccess, loseAccess, secondLook } from "./access.ts";
import { close } from "./closing.ts";
import type { Event } from "./events.ts";
import { shown } from "./gettys.ts";
import { handover, left } from "./handover.ts";
import type { Instant, World } from "./model.ts";
import { chain, publishOnce, put, type Step, same } from "./outcome.ts";
import { withdrawDevices } from "./relinquish.ts";
import { withTries } from "./resuming.ts";
import type { Device, Seat, Taken } from "./seat-model.ts";
import { newSeat, putSeat, SEAT0, seat0, seatOf } from "./seats.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

/** The screen shows another VT, or that one again: somebody may have been away and back before anybody looked. */
export function vtActivated(world: World, { vt, at }: Of<"vt.activated">): Step {
  const first = !seat0(world).hasVts;
  return chain(
    world,
    (now) => show(now, vt),
    (now) => shown(now, vt, at, first),
  );
}

function show(world: World, vt: number): Step {
  const seat = seat0(world);
  const active = world.sessions.get(seat.active ?? "");
  if (seat.hasVts && seat.activeVt === vt)
    return handover(active === undefined ? world : put(world, withTries(active)), seat.id);
  const step = handover(putSeat(world, { ...seat, hasVts: true, activeVt: vt }), seat.id);
  const told = step.effects.some(({ kind }) => kind === "publish.soon" || kind === "publish.switch");
  return told ? step : publishOnce(step);
}

export function vtLeft(world: World, { vt, shown, at }: Of<"vt.left">): Step {
  const goes = shown !== 0 && shown !== vt;
  const follow = (now: World) => vtActivated(now, { kind: "vt.activated", vt: shown, at });
  return left(world, seat0(world), vt, goes ? follow : null);
}

export function devicesFound(world: World, { devices, at }: Of<"devices.found">): Step {
  const paths = new Set(devices.map(({ path }) => path));
  const removed = [...world.devices.keys(), ...takenPaths(world)].filter((path) => !paths.has(path));
  const seats = world.enumerated ? [] : [...world.seats.values()];
  return chain(
    { ...world, enumerated: true },
    (now) => change(now, { changed: devices, removed, at }),
    (now) => ({ world: now, effects: seats.filter(({ granted }) => granted.length > 0).map(secondLook) }),
    (now) =>
      chain(
        now,
        ...seats.map(
          ({ id }) =>
            (then: World) =>
              handover(then, id),
        ),
      ),
  );
}

/** Also what was unplugged while there was no daemon. */
function takenPaths(world: World): string[] {
  return [...world.sessions.values()].flatMap((session) => session.devices.map(({ path }) => path));
}

export function devicesChanged(world: World, event: Of<"devices.changed">): Step {
  return change(world, event);
}

interface News {
  readonly changed: readonly Device[];
  readonly removed: readonly string[];
  readonly at: Instant;
}

function change(world: World, { changed, removed, at }: News): Step {
  let { devices } = world;
  const changes: DeviceChange[] = [];
  const gone = new Set(removed);
  for (const path of gone) devices = devices.without(path);
  for (const device of changed) {
    changes.push({ before: devices.get(device.path) ?? null, after: device });
    devices = devices.with(device.path, device);
  }
  const masters = new Set<string>();
  for (const device of devices.values()) if (device.master) masters.add(device.seat);
  return chain(
    { ...world, devices },
    (now) => loseAccess(now, changes),
    (now) => unplug(now, changes, gone),
    (now) => removeSeats(now, masters, at),
    (now) => gainAccess(now, changes),
    // nobody is on a new one
    (now) => addSeats(now, masters),
  );
}

/** What controllers have of devices that are gone, or are others now, or on another seat. */
function unplug(world: World, changes: readonly DeviceChange[], removed: ReadonlySet<string>): Step {
  const now = new Map(changes.map(({ after }) => [after.path, after]));
  const steps: ((world: World) => Step)[] = [];
  for (const session of world.sessions.values()) {
    const gone = session.devices.filter((taken) => {
      const device = now.get(taken.path);
      return device === undefined ? removed.has(taken.path) : !isStill(taken, session.seat, device);
    });
    if (gone.length > 0) steps.push((then) => withdrawDevices(then, session, gone));
  }
  return chain(world, ...steps);
}

function isStill({ major, minor }: Taken, seat: string | null, device: Device): boolean {
  return device.seat === seat && device.number?.major === major && device.number.minor === minor;
}

function removeSeats(world: World, masters: ReadonlySet<string>, at: Instant): Step {
  const gone = [...world.seats.values()].filter(({ id }) => id !== SEAT0 && !masters.has(id));
  return chain(world, ...gone.map((seat) => (now: World) => removeSeat(now, seat, at)));
}

/** Its sessions end as by a logout. Nobody follows one of them: the seat is gone before. */
function removeSeat(world: World, seat: Seat, at: Instant): Step {
  const sessions = seat.sessions.flatMap((id) => world.sessions.get(id) ?? []);
  const why = `seat ${seat.id} is gone`;
  const step = chain(
    world,
    (now) => endAccess(now, seat),
    (now) => ({
      world: { ...now, seats: now.seats.without(seat.id) },
      effects: [{ kind: "seat.erase", id: seat.id }],
    }),
    ...sessions.map((session) => (now: World) => close(now, session, at, "logout", why)),
  );
  return publishOnce(step);
}

function addSeats(world: World, masters: ReadonlySet<string>): Step {
  let next = world;
  for (const id of new Set([SEAT0, ...masters])) {
    const seat = seatOf(next, id) ?? newSeat(id);
    const graphical = masters.has(id);
    if (!next.seats.has(id) || seat.graphical !== graphical) next = putSeat(next, { ...seat, graphical });
  }
  return next === world ? same(world) : { world: next, effects: [{ kind: "publish" }] };
}
