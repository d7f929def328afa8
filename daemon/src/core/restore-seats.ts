/**
 * What a restarted daemon finds of seats and devices: the records held against what the keeper has. Where a record
 * and the keeper agree, controllers notice nothing. What the keeper has and no record names is closed. What a record
 * names and the keeper does not have was lost with an earlier keeper: nobody can mute it any more, so that the
 * processes of its session are killed before anybody else comes into the foreground.
 */

import type { Effect } from "./effects.ts";
import type { Found, FoundSession } from "./events.ts";
import { adoptGettys } from "./gettys.ts";
import { type Control, SEATD, type Session, type SessionId, type World } from "./model.ts";
import { chain, type Step, same, saveSession } from "./outcome.ts";
import { graceTimer } from "./pausing.ts";
import { uncontrolled } from "./relinquish.ts";
import type { Held } from "./seat-events.ts";
import type { Dropped, Taken } from "./seat-model.ts";
import { newSeat, putSeat, seatOf } from "./seats.ts";
import { prepareAgain } from "./takeover.ts";

const SIGKILL = 9;

/** The session as it is by what the keeper holds. */
export function heldSession(record: Session, held: Held): Session {
  const { control } = record;
  if (control === null) return record.devices.length === 0 ? record : { ...record, devices: [] };
  if (control.bus === SEATD && !held.clients.includes(Number(control.name))) return uncontrolled(record);
  const active = new Map(held.devices.map((device) => [device.key, device.active]));
  const devices = record.devices.flatMap((device) => heldDevice(device, active.get(device.key)));
  return { ...record, control: heldControl(control), devices };
}

/** Whether one that is recorded to have put down its seat was told since that it has it again, nobody knows. */
function heldControl(control: Control): Control {
  return control.seat === "disabled" ? { ...control, seat: "disabling" } : control;
}

/**
 * An order to pause is given again. Whether a controller was told of one that was being made live, or is live against
 * its record, nobody knows: it is paused first, and that is told, so that what follows is right in any case.
 */
function heldDevice(device: Taken, active: boolean | undefined): Taken[] {
  const { kind, state } = device;
  if (active === undefined) return [];
  if (kind === "render") return [{ ...device, state: "active" }];
  if (state === "pausing" || (state === "asked" && active)) return [device];
  if (state === "resuming" || (state === "paused" && active))
    return [{ ...device, state: "pausing", told: "active" }];
  return [{ ...device, state: active ? "active" : "paused" }];
}

/** The seats of the records, and those on which sessions are; devices.found says whether they are there still. */
export function adoptSeats(world: World, found: Found, live: readonly Session[]): World {
  let next = world;
  for (const { id, chosen, granted } of found.seats)
    next = putSeat(next, { ...(seatOf(next, id) ?? newSeat(id)), chosen, granted });
  for (const { id, seat } of live) {
    if (seat === null) continue;
    const present = seatOf(next, seat) ?? newSeat(seat);
    next = putSeat(next, { ...present, sessions: [...present.sessions, id] });
  }
  const keys = [...found.held.devices, ...found.sessions.flatMap(({ record }) => record.devices)];
  const nextKey = Math.max(0, ...keys.map(({ key }) => key)) + 1;
  const unsure = new Set(found.sessions.flatMap(({ record }) => unanswered(record)));
  return adoptGettys({ ...next, nextKey, unsure }, found.held.gettys);
}

/** Devices of which their controller may never have heard. */
function unanswered({ control, devices }: Session): number[] {
  return devices.flatMap(({ key, answered }) => (control?.bus === SEATD || !answered ? key : []));
}

/** After the sessions were adopted: the difference goes. */
export function restoreSeats(world: World, found: Found): Step {
  return chain(
    world,
    (now) => ({ world: now, effects: found.sessions.flatMap((each) => killHolder(each, found.held)) }),
    (now) => restoreVts(now, found),
    ...found.sessions.map((each) => (now: World) => recordChanged(now, each)),
    (now) => ({ world: now, effects: [...disableAgain(now), ...pauseOrders(now), ...graceTimers(now)] }),
    (now) => closeOrphans(now, found),
    (now) => ({ world: now, effects: closeClients(now, found.held) }),
  );
}

/** Whether the session has devices that nobody can take from it any more. */
export function hasLost({ record }: FoundSession, { held }: Found): boolean {
  return lostDevices(record, held).length > 0;
}

function lostDevices({ devices }: Session, held: Held): Taken[] {
  const keys = new Set(held.devices.map(({ key }) => key));
  return devices.filter(({ key, kind, state }) => !keys.has(key) && kind !== "render" && state !== "opening");
}

/** Before the record forgets them. */
function killHolder({ record, scopeExists, leaderAlive }: FoundSession, held: Held): Effect[] {
  const lost = lostDevices(record, held);
  if (lost.length === 0) return [];
  const { id, uid, leader } = record;
  const nodes = lost.map(({ node }) => node).join(", ");
  const message = `session ${id} of ${record.user} is killed: nobody can take ${nodes} from it any more`;
  const effects: Effect[] = [{ kind: "log", level: "warn", message }];
  if (scopeExists) effects.push({ kind: "scope.kill", id, uid });
  if (leaderAlive) effects.push({ kind: "leader.signal", leader, signal: SIGKILL });
  return effects;
}

function recordChanged(world: World, { record }: FoundSession): Step {
  const session = world.sessions.get(record.id);
  if (session === undefined || isAsRecorded(session, record)) return same(world);
  return saveSession(world, session);
}

function isAsRecorded({ control, devices }: Session, record: Session): boolean {
  return (
    control === record.control &&
    devices.length === record.devices.length &&
    devices.every(({ state }, i) => state === record.devices[i]?.state)
  );
}

/** Once more does no harm: who was told is recorded after that. */
function disableAgain(world: World): Effect[] {
  return controls(world).flatMap(({ control }): Effect[] =>
    control.bus === SEATD && control.seat === "disabling"
      ? [{ kind: "seatd.tell", name: control.name, what: "disable" }]
      : [],
  );
}

function pauseOrders(world: World): Effect[] {
  return [...world.sessions.values()].flatMap(({ id, devices }) =>
    devices.flatMap(({ key, state }): Effect[] =>
      state === "pausing" ? [{ kind: "device.pause", id, key }] : [],
    ),
  );
}

/** Those who were asked have their time again. */
function graceTimers(world: World): Effect[] {
  const seats = new Set<string>();
  for (const { seat, devices } of world.sessions.values())
    if (seat !== null && devices.some(({ state }) => state === "asked")) seats.add(seat);
  return [...seats].map(graceTimer);
}

function closeOrphans(world: World, found: Found): Step {
  const owners = new Map<number, Dropped & { readonly session: SessionId }>();
  for (const { record } of found.sessions)
    for (const { key } of record.devices) owners.set(key, { seat: record.seat, session: record.id });
  const known = new Set([...world.sessions.values()].flatMap(({ devices }) => devices.map(({ key }) => key)));
  let { dropped } = world;
  const effects: Effect[] = [];
  for (const { key, active } of found.held.devices) {
    if (known.has(key)) continue;
    const owner = owners.get(key);
    if (active) dropped = dropped.with(key, owner ?? { seat: null, session: null });
    effects.push({ kind: "device.close", id: owner?.session ?? "", key });
  }
  return { world: { ...world, dropped }, effects };
}

function controls(world: World): { readonly session: Session; readonly control: Control }[] {
  return [...world.sessions.values()].flatMap((session) =>
    session.control === null ? [] : { session, control: session.control },
  );
}

/**
 * A terminal is put back that the keeper has for nobody, or that an earlier keeper had for somebody who is gone. One
 * that an earlier keeper had for who is still there is prepared again.
 */
function restoreVts(world: World, found: Found): Step {
  const { vts } = found.held;
  const wanted = new Set(controls(world).flatMap(({ session, control }) => (control.vt ? session.vtnr : [])));
  const recorded = found.sessions.flatMap(({ record }) => (record.control?.vt ? record.vtnr : []));
  const unwanted = [...new Set([...vts, ...recorded])].filter((vt) => !wanted.has(vt));
  const alive = found.sessions.filter((each) => !hasLost(each, found) && !vts.includes(each.record.vtnr));
  return chain(
    world,
    (now) => ({ world: now, effects: unwanted.map((vt) => ({ kind: "vt.release", vt }) as const) }),
    ...alive.map(
      ({ record }) =>
        (now: World) =>
          prepareAgain(now, record.id),
    ),
  );
}

function closeClients(world: World, { clients }: Held): Effect[] {
  const known = new Set(
    controls(world).flatMap(({ control }) => (control.bus === SEATD ? Number(control.name) : [])),
  );
  return clients
    .filter((number) => !known.has(number))
    .map((number) => ({ kind: "seatd.tell", name: String(number), what: "close" }));
}
