/**
 * What a restarted daemon finds of seats and devices: the records held against what the keeper has. Where a record
 * and the keeper agree, controllers notice nothing. What the keeper has and no record names is closed. What a record
 * names and the keeper does not have was lost with an earlier keeper: nobody can mute it any more, so that the
 * processes of its session are killed before anybody else comes into the foreground.
 */

import type { Effect } from "./effects.ts";
import type { Found, FoundSession } from "./events.ts";
import { type Control, SEATD, type Session, type SessionId, type World } from "./model.ts";
import { chain, type Step, same, saveSession } from "./outcome.ts";
import { uncontrolled } from "./relinquish.ts";
import type { Held } from "./seat-events.ts";
import type { Dropped, Taken } from "./seat-model.ts";
import { newSeat, putSeat, seatOf } from "./seats.ts";
import { TRIES } from "./takings.ts";

const SIGKILL = 9;

/** The session as it is by what the keeper holds. */
export function heldSession(record: Session, held: Held): Session {
  const { control } = record;
  if (control === null) return record.devices.length === 0 ? record : { ...record, devices: [] };
  if (control.bus === SEATD && !held.clients.includes(Number(control.name))) return uncontrolled(record);
  const active = new Map(held.devices.map((device) => [device.key, device.active]));
  return {
    ...record,
    control: { ...control, vt: control.vt && held.vts.includes(record.vtnr) },
    devices: record.devices.flatMap((device) => heldDevice(device, active.get(device.key))),
  };
}

function heldDevice(device: Taken, active: boolean | undefined): Taken[] {
  if (active === undefined) return [];
  const live = active || device.kind === "render";
  return [{ ...device, state: live ? "active" : "paused", tries: TRIES }];
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
  return { ...next, nextKey: Math.max(0, ...keys.map(({ key }) => key)) + 1 };
}

/** After the sessions were adopted: the difference goes. */
export function restoreSeats(world: World, found: Found): Step {
  return chain(
    world,
    ...found.sessions.map((each) => (now: World) => killLost(now, each, found.held)),
    ...found.sessions.map((each) => (now: World) => recordChanged(now, each)),
    (now) => closeOrphans(now, found),
    (now) => ({ world: now, effects: [...freeVts(now, found), ...closeClients(now, found.held)] }),
  );
}

/** Closing it is left to the end of its leader, which is at hand. */
function killLost(world: World, { record, scopeExists, leaderAlive }: FoundSession, held: Held): Step {
  const keys = new Set(held.devices.map(({ key }) => key));
  const lost = record.devices.filter(
    ({ key, kind, state }) => !keys.has(key) && kind !== "render" && state !== "opening",
  );
  if (lost.length === 0) return same(world);
  const { id, uid, leader } = record;
  const nodes = lost.map(({ node }) => node).join(", ");
  const message = `session ${id} of ${record.user} is killed: nobody can take ${nodes} from it any more`;
  const effects: Effect[] = [{ kind: "log", level: "warn", message }];
  if (scopeExists) effects.push({ kind: "scope.kill", id, uid });
  if (leaderAlive) effects.push({ kind: "leader.signal", leader, signal: SIGKILL });
  return { world, effects };
}

function recordChanged(world: World, { record }: FoundSession): Step {
  const session = world.sessions.get(record.id);
  if (session === undefined || isAsRecorded(session, record)) return same(world);
  const { control } = session;
  // whether it was told before the end of the last daemon nobody knows; twice does no harm
  const again: Effect[] =
    control?.bus === SEATD && control.seat === "disabling"
      ? [{ kind: "seatd.tell", name: control.name, what: "disable" }]
      : [];
  return chain(
    world,
    (now) => saveSession(now, session),
    (now) => ({ world: now, effects: again }),
  );
}

function isAsRecorded({ control, devices }: Session, record: Session): boolean {
  return (
    control === record.control ||
    (control?.vt === record.control?.vt &&
      control?.seat !== "disabling" &&
      devices.length === record.devices.length &&
      devices.every(({ state }, i) => state === record.devices[i]?.state))
  );
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

/** Those that nobody controls any more, and those that a keeper which was killed has left without keyboard and text. */
function freeVts(world: World, { sessions, held: { vts } }: Found): Effect[] {
  const taken = new Set(controls(world).flatMap(({ session, control }) => (control.vt ? session.vtnr : [])));
  const left = sessions.flatMap(({ record: { control, vtnr } }) =>
    control?.vt === true && !vts.includes(vtnr) ? vtnr : [],
  );
  const free = new Set([...vts.filter((vt) => !taken.has(vt)), ...left]);
  return [...free].map((vt) => ({ kind: "vt.release", vt }));
}

function closeClients(world: World, { clients }: Held): Effect[] {
  const known = new Set(
    controls(world).flatMap(({ control }) => (control.bus === SEATD ? Number(control.name) : [])),
  );
  return clients
    .filter((number) => !known.has(number))
    .map((number) => ({ kind: "seatd.tell", name: String(number), what: "close" }));
}
