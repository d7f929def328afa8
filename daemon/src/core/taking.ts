/**
 * What controllers ask of devices. Each request has one answer: that to a taken device comes when the keeper has
 * opened it (devices.ts), whatever became of the session meanwhile.
 */

import { deny, done } from "./answers.ts";
import { canTakeDevices } from "./classes.ts";
import type { Effect, Refusal } from "./effects.ts";
import type { Event } from "./events.ts";
import { handover } from "./handover.ts";
import { type Control, type Requester, SEATD, type Session, type World } from "./model.ts";
import { chain, put, type Step, same, saveSession } from "./outcome.ts";
import { withdrawDevices } from "./relinquish.ts";
import type { TakeResult } from "./seat-effects.ts";
import type { Takeable } from "./seat-events.ts";
import type { DeviceNumber, Taken } from "./seat-model.ts";
import { seatOf } from "./seats.ts";
import { isLive, TRIES, withDevice } from "./takings.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;
type TakeRequest = Of<"device.takeRequested">;

/** For the controller of one session. */
const DEVICES_MAX = 128;
const MAJORS = 1 << 12;
const MINORS = 1 << 20;

export interface Refused {
  readonly refusal: Refusal;
  readonly message: string;
  readonly errno?: string;
}

export function takeReply(world: World, requester: Requester, result: TakeResult): Step {
  return { world, effects: [{ kind: "take.reply", requester, result }] };
}

export function refuseTake(world: World, requester: Requester, refused: Refused): Step {
  return takeReply(world, requester, { ok: false, ...refused });
}

function refuse(world: World, requester: Requester, { refusal, message }: Refused): Step {
  return deny(world, requester, refusal, message);
}

export function takeRequested(world: World, event: TakeRequest): Step {
  const { requester } = event;
  const session = takerOf(world, event);
  if (!("user" in session))
    return chain(
      world,
      (now) => dropUnanswered(now, event),
      (now) => refuseTake(now, requester, session),
    );
  const takeable = takeableFor(session, event);
  if (!("device" in takeable)) return refuseTake(world, requester, takeable);
  const { control } = session;
  const seat = seatOf(world, session.seat);
  if (control === null || seat === null) return same(world);
  const present = deviceByNumber(session, event.number);
  const active = seat.active === session.id;
  const { device, kind } = takeable;
  const taken: Taken = {
    ...event.number,
    key: present?.key ?? world.nextKey,
    kind,
    node: device.node,
    path: device.path,
    state: "opening",
    // what it replaces is live until then
    told: active || (present !== null && isLive(present)) ? "active" : "paused",
    tries: TRIES,
    answered: false,
  };
  const next =
    present === null
      ? put({ ...world, nextKey: world.nextKey + 1 }, { ...session, devices: [...session.devices, taken] })
      : put(withoutDoubt(world, present), withDevice(session, taken));
  const vt = seat.hasVts ? session.vtnr : 0;
  const { id } = session;
  return {
    world: next,
    effects: [{ kind: "device.open", id, device: taken, vt, pid: control.pid, active, requester }],
  };
}

/** The session whose controller may take a device now, in the order in which login1 checks it. */
function takerOf(world: World, { id, name, number }: TakeRequest): Session | Refused {
  const session = world.sessions.get(id);
  if (session === undefined) return { refusal: "no-such-session", message: `there is no session ${id}` };
  if (!isNumber(number.major, MAJORS) || !isNumber(number.minor, MINORS))
    return { refusal: "invalid", message: `${text(number)} is not the number of a device` };
  if (!canTakeDevices(session)) {
    const message = `a session of class ${session.class} has no devices`;
    return { refusal: "not-supported", message };
  }
  if (session.control?.name !== name)
    return { refusal: "not-controller", message: `${name} does not control session ${id}` };
  const present = deviceByNumber(session, number);
  if (present !== null && !mayBeUnanswered(world, session.control, present))
    return { refusal: "device-taken", message: `device ${text(number)} is taken already` };
  if (session.seat === null || session.stage.phase !== "running")
    return { refusal: "not-allowed", message: `session ${id} is on no seat` };
  if (session.control.bus === SEATD && session.control.seat !== "enabled")
    return { refusal: "not-allowed", message: `session ${id} is not in the foreground`, errno: "EPERM" };
  if (present === null && session.devices.length >= DEVICES_MAX) {
    const message = `session ${id} has ${session.devices.length} devices`;
    return { refusal: "limits", message, errno: "EMFILE" };
  }
  return session;
}

/**
 * One that is open already is opened again for who may never have had it: a killed daemon has left the answer to us.
 * Over seatd the question is in the socket until it is answered. Over the bus it is gone, and is asked again, or not.
 */
function mayBeUnanswered({ unsure }: World, { bus }: Control, { key, state }: Taken): boolean {
  return state !== "opening" && (bus === SEATD || unsure.has(key));
}

/** It was opened before a killed daemon could answer, and now it is too late: who is refused has nothing of it. */
function dropUnanswered(world: World, { id, name, number }: TakeRequest): Step {
  const session = world.sessions.get(id);
  const device = session?.control?.name === name ? deviceByNumber(session, number) : null;
  if (session === undefined || device === null || !world.unsure.has(device.key)) return same(world);
  return chain(
    withoutDoubt(world, device),
    (now) => withdrawDevices(now, session, [device]),
    (now) => handover(now, session.seat),
  );
}

function withoutDoubt(world: World, { key }: Taken): World {
  if (!world.unsure.has(key)) return world;
  const unsure = new Set(world.unsure);
  unsure.delete(key);
  return { ...world, unsure };
}

function isNumber(value: number, below: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < below;
}

function takeableFor(
  { id, seat, control }: Session,
  { number, device: takeable }: TakeRequest,
): Takeable | Refused {
  const shown = takeable?.kind !== "render" || control?.bus === SEATD;
  if (takeable === null || takeable.device.node === "" || !shown)
    return { refusal: "no-such-device", message: `device ${text(number)} is none that can be taken` };
  if (takeable.device.seat === seat) return takeable;
  const message = `${takeable.device.node} belongs to ${takeable.device.seat}, session ${id} is on ${seat}`;
  return { refusal: "not-allowed", message };
}

function deviceByNumber({ devices }: Session, { major, minor }: DeviceNumber): Taken | null {
  return devices.find((device) => device.major === major && device.minor === minor) ?? null;
}

const text = ({ major, minor }: DeviceNumber): string => `${major}:${minor}`;

interface Held {
  readonly session: Session;
  readonly device: Taken;
}

/** The device of the controller who asks, or why not. */
function heldBy(
  world: World,
  { id, name, number }: Of<"device.releaseRequested" | "device.pauseCompleted">,
): Held | Refused {
  const session = world.sessions.get(id);
  if (session === undefined) return { refusal: "no-such-session", message: `there is no session ${id}` };
  if (session.control?.name !== name)
    return { refusal: "not-controller", message: `${name} does not control session ${id}` };
  const device = deviceByNumber(session, number);
  return device === null
    ? { refusal: "device-not-taken", message: `device ${text(number)} is not taken` }
    : { session, device };
}

/** The echo is part of login1: a controller hears of each of its devices that it goes. */
export function releaseRequested(world: World, event: Of<"device.releaseRequested">): Step {
  const { requester } = event;
  const held = heldBy(world, event);
  if (!("session" in held)) {
    // over seatd nobody was told that a device was unplugged
    const unplugged =
      world.sessions.get(event.id)?.control?.bus === SEATD && held.refusal === "device-not-taken";
    return unplugged ? done(world, requester, event.id) : refuse(world, requester, held);
  }
  return chain(
    world,
    (now) => withdrawDevices(now, held.session, [held.device]),
    (now) => done(now, requester, held.session.id),
    (now) => handover(now, held.session.seat),
  );
}

/** Unasked, it is how a display server puts down a card before it lets somebody switch away. */
export function pauseCompleted(world: World, event: Of<"device.pauseCompleted">): Step {
  const held = heldBy(world, event);
  if (!("session" in held)) return refuse(world, event.requester, held);
  const { session, device } = held;
  const { id } = session;
  const { requester } = event;
  const told: Taken = { ...device, told: "paused" };
  if (device.state === "pausing") return done(put(world, withDevice(session, told)), requester, id);
  if (device.state !== "active" && device.state !== "asked") return done(world, requester, id);
  const asked = device.state === "asked";
  const muting = withDevice(session, { ...told, state: "pausing", tries: asked ? device.tries : 0 });
  return chain(
    world,
    // that it was asked is written down, that it was not is to be
    (now) => (asked ? same(put(now, muting)) : saveSession(now, muting)),
    (now) => ({ world: now, effects: [{ kind: "device.pause", id, key: device.key }] }),
    (now) => done(now, requester, id),
  );
}

/** Over seatd: the client has put down the seat. When that is known already, the answer of a killed daemon is made up for. */
export function disableAcknowledged(world: World, event: Of<"seat.disableAcknowledged">): Step {
  const session = world.sessions.get(event.id);
  const control = session?.control;
  if (session === undefined || control == null || control.bus !== SEATD || control.name !== event.name)
    return deny(
      world,
      event.requester,
      "not-controller",
      `${event.name} does not control session ${event.id}`,
    );
  if (control.seat === "enabled")
    return deny(world, event.requester, "busy", `session ${event.id} was not asked to put down its seat`);
  if (control.seat === "disabled") return done(world, event.requester, event.id);
  const effects: Effect[] = [];
  const devices = session.devices.map((device): Taken => {
    if (device.state !== "asked") return device;
    effects.push({ kind: "device.pause", id: session.id, key: device.key });
    return { ...device, state: "pausing" };
  });
  return chain(
    world,
    (now) => saveSession(now, { ...session, devices, control: { ...control, seat: "disabled" } }),
    (now) => ({ world: now, effects }),
    (now) => done(now, event.requester, session.id),
    (now) => handover(now, session.seat),
  );
}
