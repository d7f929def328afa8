/**
 * Who is in the foreground of a seat. This file alone decides that, and with it who is muted, resumed and told. It
 * compares what is with what should be after every event that may matter, and so needs no memory of what happened.
 *
 *   wanted     the session on the terminal that is shown; on a seat without terminals the one that was chosen
 *   active     the wanted one, as soon as nothing of any other session of the seat can be live; nobody until then
 *
 * A device of any other session:  active, resuming --device.pause--> pausing --device.paused--> paused
 *   without terminals its controller is asked first: active --PauseDevice--> asked --complete, or 1 s--> pausing
 * A device of the active one:     paused --device.resume--> resuming --device.resumed--> active, or paused if refused
 *
 * What takes away comes before what is written down and made known, and what gives comes last.
 */

import { giveAccess, isGrantedTo, recordAccess, secondLook, takeAccess } from "./access.ts";
import { canTakeDevices } from "./classes.ts";
import type { Effect } from "./effects.ts";
import type { Session, SessionId, World } from "./model.ts";
import { chain, put, type Step, same, saveSession } from "./outcome.ts";
import { askedLongEnough, type Muted, mute, mutedByKeeper, tell } from "./pausing.ts";
import { enable, resume, resumption, tryAgain, withTries } from "./resuming.ts";
import type { Seat } from "./seat-model.ts";
import { putSeat, saveSeat, seatOf } from "./seats.ts";
import { sessionOnVt } from "./select.ts";
import { hasLive } from "./takings.ts";

const isRunning = ({ stage }: Session): boolean => stage.phase === "running";

/** The session that is to be in the foreground. */
export function wanted(world: World, seat: Seat): Session | null {
  if (seat.hasVts) return seat.activeVt === 0 ? null : sessionOnVt(world, seat, seat.activeVt, isRunning);
  const chosen = world.sessions.get(seat.chosen ?? "");
  return chosen !== undefined && isRunning(chosen) ? chosen : null;
}

/** Everything that follows from what the World says of the seat now. */
export function handover(world: World, id: string | null): Step {
  return chain(
    world,
    (now) => withdraw(now, id),
    (now) => ofActive(now, id, resume),
    (now) => ofActive(now, id, enable),
  );
}

/** The same, but what the active session has paused stays so. */
function withdraw(world: World, id: string | null): Step {
  const seat = seatOf(world, id);
  // before anybody said what is shown, nothing is taken from who has had it since before a restart
  if (seat === null || (!seat.hasVts && !world.enumerated)) return same(world);
  const front = (now: World) => wanted(now, seatOf(now, seat.id) ?? seat)?.id;
  return chain(
    world,
    (now) => choose(now, seat),
    (now) =>
      eachControlled(now, seat, (then, session) =>
        session.id === front(then) ? same(then) : mute(then, seat, session),
      ),
    (now) => eachControlled(now, seat, tell),
    (now) => decide(now, seat.id),
  );
}

function eachControlled(world: World, seat: Seat, change: (world: World, session: Session) => Step): Step {
  const steps = seat.sessions.flatMap((id) => {
    if (!world.sessions.get(id)?.control) return [];
    return (now: World) => ofSession(now, id, change);
  });
  return steps.length === 0 ? same(world) : chain(world, ...steps);
}

function ofSession(world: World, id: SessionId, change: (world: World, session: Session) => Step): Step {
  const session = world.sessions.get(id);
  return session === undefined ? same(world) : change(world, session);
}

function ofActive(world: World, id: string | null, change: (world: World, session: Session) => Step): Step {
  return ofSession(world, seatOf(world, id)?.active ?? "", change);
}

/** Without terminals: the newest session follows when the chosen one is gone. */
function choose(world: World, seat: Seat): Step {
  if (seat.hasVts || wanted(world, seat) !== null) return same(world);
  const runs = (id: SessionId) => world.sessions.get(id)?.stage.phase === "running";
  const chosen = seat.sessions.findLast(runs) ?? null;
  return chosen === seat.chosen ? same(world) : saveSeat(world, { ...seat, chosen });
}

/** A session runs from now on. Without terminals it comes into the foreground, if it is one that people sit before. */
export function arrive(world: World, session: Session): Step {
  const seat = seatOf(world, session.seat);
  if (seat === null) return same(world);
  const shows = canTakeDevices(session) || session.class === "user-incomplete";
  const chosen = !seat.hasVts && world.enumerated && shows;
  return chain(
    world,
    (now) => (chosen ? saveSeat(now, { ...seat, chosen: session.id }) : same(now)),
    (now) => handover(now, seat.id),
  );
}

function decide(world: World, id: string): Step {
  const seat = seatOf(world, id);
  if (seat === null) return same(world);
  const front = wanted(world, seat);
  const next = front === null || isBlocked(world, seat, front) ? null : front;
  if ((next?.id ?? null) === seat.active) return same(world);
  const uid = next?.uid ?? null;
  const before = world.sessions.get(seat.active ?? "");
  const { session, orders } =
    next === null ? { session: null, orders: [] } : resumption(world, withTries(next));
  const gains = uid !== null && uid !== before?.uid;
  const takes = before !== undefined && isGrantedTo(seat, uid);
  const written: Effect[] = gains || orders.length > 0 ? [{ kind: "state.write", seat: id }] : [];
  const given = chain(
    world,
    (now) => (takes ? takeAccess(now, seat, uid) : same(now)),
    (now) => same(putSeat(now, { ...seat, active: next?.id ?? null })),
    (now) => recordAccess(now, id),
    // udev's own helper reads who is active, and gives devices to that user, too
    (now) => ({ world: now, effects: written }),
    (now) => (gains ? giveAccess(now, id) : same(now)),
  );
  const looks = takes || given.effects.at(-1)?.kind === "access.set";
  // who has lost devices hears that it is not active any more, and who has them back has heard that it is
  const kind = orders.length > 0 || hasLost(before) ? "publish.switch" : "publish.soon";
  const rest: Effect[] = looks ? [{ kind }, secondLook(seat)] : [{ kind }];
  // the keeper works on the orders beside that; what it does is found after a crash, what a controller heard is not
  const saved = session === null || session === next ? same(given.world) : saveSession(given.world, session);
  return { world: saved.world, effects: [...given.effects, ...orders, ...saved.effects, ...rest] };
}

function hasLost(session: Session | undefined): boolean {
  return session !== undefined && session.devices.length > 0 && !hasLive(session);
}

/** Something of another session, or of one that was, may be live. */
function isBlocked(world: World, seat: Seat, front: Session): boolean {
  for (const id of seat.sessions) {
    if (id === front.id) continue;
    const session = world.sessions.get(id);
    if (session !== undefined && session.control !== null && hasLive(session)) return true;
  }
  if (world.dropped.size === 0) return false;
  for (const device of world.dropped.values())
    if (device.session !== front.id && (device.seat === null || device.seat === seat.id)) return true;
  return false;
}

/**
 * The keeper has let somebody away from the terminal. Where to may be known already; else vt.activated says it, or that
 * the terminal is shown again. Who was there is told after access was taken, and before somebody else gets it.
 */
export function left(world: World, seat: Seat, vt: number, follow: ((world: World) => Step) | null): Step {
  const rests: Muted["rest"][] = [];
  let muted = world;
  for (const id of seat.sessions) {
    const session = world.sessions.get(id);
    if (session === undefined || session.control === null || session.vtnr !== vt) continue;
    const { session: told, rest } = mutedByKeeper(world, session);
    if (told !== session) muted = put(muted, told);
    rests.push(rest);
  }
  const wait = (now: World): Step => {
    const step = withdraw(now, seat.id);
    return { world: step.world, effects: [...step.effects, tryAgain(seat.id)] };
  };
  const { world: followed, effects } = (follow ?? wait)(muted);
  const told = chain(followed, ...rests);
  const first = effects.findIndex((effect) => effect.kind !== "access.set" || effect.uid !== null);
  const taken = effects.slice(0, Math.max(first, 0));
  return { world: told.world, effects: [...taken, ...told.effects, ...effects.slice(taken.length)] };
}

/** Controllers that were asked to pause have had their time. */
export function graceOver(world: World, id: string): Step {
  const seat = seatOf(world, id);
  return seat === null ? same(world) : eachControlled(world, seat, askedLongEnough);
}
