/**
 * A session, from the request to the day nobody holds it.
 *
 *   opening: user --slice, runtime directory--> made --scope, FIFO, leader's watch--> manager, or record at once
 *            manager --its services are up, or were waited for long enough--> record --on disk--> running
 *   opening --record cannot be written, leader gone--> closing
 *   running --logout, leader gone, FIFO at its end, terminated--> closing --scope empty--> gone
 *
 * The user's service manager is on its way as soon as the directory is there, and the session is made meanwhile; when,
 * birth.ts says.
 *
 * Nothing is granted before the record is on disk. What a crash leaves behind without one (a scope, a FIFO, a mount)
 * has a name in the system and is found and removed by restore.ts. closing.ts has the second half.
 */

import { makeInTime, waitsOn } from "./birth.ts";
import { cancelRetry, close, watchScope } from "./closing.ts";
import type { Effect } from "./effects.ts";
import { nestedEnvironment, sessionEnvironment } from "./env.ts";
import type { Event } from "./events.ts";
import { arrive } from "./handover.ts";
import { type Intake, MANAGER_SERVICE, readIntake } from "./intake.ts";
import { mustWait, startFor, wait } from "./manager.ts";
import type { Instant, Requester, Session, SessionId, World } from "./model.ts";
import { make, record, refuse, reply } from "./opening.ts";
import { chain, publishOnce, put, type Step, same } from "./outcome.ts";
import { overLimit } from "./policy.ts";
import { limitRuntime } from "./runtime-limit.ts";
import { putSeat, seat0, seatOf } from "./seats.ts";
import { sessionOnVt } from "./select.ts";
import { admit, prepareUser } from "./user.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;
type OpenRequest = Of<"session.openRequested">;

const ID_BLOCK = 100;
const LOW_WATER = 50;

export function openRequested(world: World, event: OpenRequest): Step {
  const { leader, facts } = event;
  // a service manager's own PAM session is part of no session
  if (facts.service === MANAGER_SERVICE) return reply(world, event.requester, { outcome: "none" });
  if (!leader.sameNamespace) {
    return refuse(
      world,
      event.requester,
      "invalid",
      `process ${leader.identity.pid} is in another pid namespace`,
    );
  }
  const led = liveSession(world, world.leaders.get(leader.identity.pid) ?? null);
  const leads = led !== null && led.leader.start === leader.identity.start;
  if (leads && event.nonce !== "" && led.nonce === event.nonce)
    return answerAgain(world, led, event.requester);
  const intake = readIntake(facts, world.policy, (id) => world.seats.has(id));
  if (typeof intake === "string") return refuse(world, event.requester, "invalid", intake);
  if (intake.class === "none") return reply(world, event.requester, { outcome: "none" });
  if (escapes(world, event)) {
    const message = `session ${leader.insideSession} of process ${leader.identity.pid} is being ended with its processes`;
    return refuse(world, event.requester, "busy", message);
  }
  const outer = leads ? led : intake.fresh ? null : liveSession(world, leader.insideSession);
  if (outer !== null) {
    const environment = nestedEnvironment(world, outer, facts.uid);
    return reply(world, event.requester, { outcome: "existing", id: outer.id, environment });
  }
  return admitSession(world, event, intake);
}

/** A process that is to be killed with its session must not register itself out of it. */
function escapes(world: World, { requester, leader }: OpenRequest): boolean {
  const inside = world.sessions.get(leader.insideSession ?? "");
  return requester.room === "control" && inside?.stage.phase === "closing" && inside.stage.stop !== "none";
}

function liveSession(world: World, id: SessionId | null): Session | null {
  const session = id === null ? undefined : world.sessions.get(id);
  return session === undefined || session.stage.phase === "closing" ? null : session;
}

function admitSession(world: World, event: OpenRequest, intake: Intake): Step {
  const { facts, requester } = event;
  const occupant = intake.vtnr === 0 || intake.class === "greeter" ? null : occupantOf(world, intake.vtnr);
  if (occupant !== null) {
    const message = `virtual terminal ${intake.vtnr} belongs to session ${occupant.id} of ${occupant.user}`;
    return refuse(world, requester, "busy", message);
  }
  const counts = { all: world.sessions.size, ofUser: world.users.get(facts.uid)?.sessions.size ?? 0 };
  const limit = overLimit(world.policy, facts.uid, intake.class, counts);
  if (limit !== null) return refuse(world, requester, "limits", limit);
  if (world.nextId >= world.reservedIds) {
    const step = refuse(world, requester, "failed", "session ids cannot be reserved on disk");
    return { world, effects: [reservation(world), ...step.effects] };
  }
  const session = newSession(world, event, intake);
  return chain(
    world,
    (now) => admit(now, session, facts, event.at),
    (now) => begin(now, session, event.at),
    (now) => tellPassedOver(now, session, facts.limits.passedOver),
    (now) => limitRuntime(now, session.id, event.at),
  );
}

function tellPassedOver(world: World, { id, user }: Session, passedOver: readonly string[]): Step {
  if (passedOver.length === 0) return same(world);
  const message = `session ${id} of ${user} is not limited by ${passedOver.join("; ")}`;
  return { world, effects: [{ kind: "log", level: "warn", message }] };
}

function occupantOf(world: World, vtnr: number): Session | null {
  return sessionOnVt(world, seat0(world), vtnr, (session) => session.class !== "greeter");
}

/** The order to use up the next block of ids on disk. */
export function reservation(world: World): Effect {
  return { kind: "ids.reserve", below: world.reservedIds + ID_BLOCK };
}

export function idsReserved(world: World, event: Of<"ids.reserved">): Step {
  return same({ ...world, reservedIds: Math.max(world.reservedIds, event.below) });
}

function newSession(world: World, event: OpenRequest, intake: Intake): Session {
  const { facts, requester, lifetime } = event;
  return {
    id: String(world.nextId),
    uid: facts.uid,
    user: facts.user,
    type: intake.type,
    class: intake.class,
    desktop: intake.desktop,
    service: facts.service,
    seat: intake.seat,
    vtnr: intake.vtnr,
    tty: intake.tty,
    display: intake.display,
    remote: intake.remote,
    remoteHost: facts.remoteHost,
    remoteUser: facts.remoteUser,
    leader: event.leader.identity,
    created: event.at,
    nonce: event.nonce,
    scope: false,
    lifetime: false,
    lockedHint: false,
    idleHint: false,
    idleSince: null,
    control: null,
    limits: facts.limits.limits,
    runtimeMax: facts.limits.runtimeMax,
    position: 0,
    devices: [],
    stage: { phase: "opening", waitsFor: "user", requester, lifetime, leaves: event.leader.insideSession },
  };
}

function begin(world: World, session: Session, at: Instant): Step {
  const placed = withPosition(world, session);
  const next: World = {
    ...seated(world, placed),
    nextId: world.nextId + 1,
    sessions: world.sessions.with(session.id, placed),
    leaders: world.leaders.with(session.leader.pid, session.id),
  };
  const low = next.nextId >= world.reservedIds - LOW_WATER;
  return chain(
    next,
    (now) => prepareUser(now, session.uid),
    (now) => startFor(now, placed, at),
    (now) => (awaitsRuntime(now, session.uid) ? same(now) : makeInTime(now, placed)),
    (now) => (low ? { world: now, effects: [reservation(now)] } : same(now)),
  );
}

function awaitsRuntime(world: World, uid: number): boolean {
  const state = world.users.get(uid)?.runtime.state;
  return state === "creating" || state === "removing";
}

/** On a seat without terminals it has the first place that is free. */
function withPosition(world: World, session: Session): Session {
  const seat = seatOf(world, session.seat);
  if (seat === null || seat.hasVts) return session;
  const taken = new Set(seat.sessions.map((id) => world.sessions.get(id)?.position));
  let position = 1;
  while (taken.has(position)) position += 1;
  return { ...session, position };
}

function seated(world: World, session: Session): World {
  const seat = seatOf(world, session.seat);
  return seat === null ? world : putSeat(world, { ...seat, sessions: [...seat.sessions, session.id] });
}

/**
 * A retry of a request whose answer got lost with an earlier connection. Where the lifetime fd was lost with it, the
 * session is made once more, which keeps what is there.
 */
function answerAgain(world: World, session: Session, requester: Requester): Step {
  if (session.stage.phase === "opening") {
    return same(put(world, { ...session, stage: { ...session.stage, requester } }));
  }
  if (session.lifetime) return grant(world, session, requester);
  const again: Session = {
    ...session,
    stage: { phase: "opening", waitsFor: "user", requester, lifetime: true, leaves: null },
  };
  return chain(
    put(world, again),
    (now) => ({ world: now, effects: [cancelRetry(session)] }),
    (now) => make(now, again),
  );
}

export function sessionMade(world: World, event: Of<"session.made">): Step {
  const session = world.sessions.get(event.id);
  if (session?.stage.phase !== "opening") return same(world);
  if (session.stage.waitsFor !== "made" && session.stage.waitsFor !== "moved") return same(world);
  const { scope, lifetime } = event;
  if (session.stage.lifetime && !lifetime) {
    const why = `session ${session.id} has no lifetime FIFO: ${event.problems.join("; ")}`;
    return close(world, session, event.at, "interrupted", why);
  }
  const made: Session = { ...session, scope, lifetime };
  const problems: Effect[] = event.problems.map((problem) => {
    const message = `session ${event.id} of ${session.user} goes on with less: ${problem}`;
    return { kind: "log", level: "warn", message };
  });
  const left = world.sessions.get(session.stage.leaves ?? "");
  return chain(
    put(world, made),
    (now) => ({ world: now, effects: problems }),
    (now) => (mustWait(now, made) || waitsOn(now, made) ? wait(now, made) : record(now, made)),
    (now) => (left?.stage.phase === "closing" ? watchScope(now, left) : same(now)),
  );
}

export function recordSaved(world: World, event: Of<"record.saved">): Step {
  const session = world.sessions.get(event.id);
  if (session?.stage.phase !== "opening" || session.stage.waitsFor !== "record") return same(world);
  const { requester } = session.stage;
  const running: Session = { ...session, stage: { phase: "running" } };
  return chain(
    put(world, running),
    (now) => publishOnce(arrive(now, running)),
    (now) => grant(now, running, requester),
  );
}

function grant(world: World, session: Session, requester: Requester): Step {
  const environment = sessionEnvironment(world, session);
  return reply(world, requester, { outcome: "opened", session, environment, lifetime: session.lifetime });
}

/** A later record that cannot be written is no reason to end a session: the old one stays valid on disk. */
export function recordFailed(world: World, event: Of<"record.failed">): Step {
  const session = world.sessions.get(event.id);
  if (session === undefined) return same(world);
  const message = `cannot record session ${session.id} of ${session.user}: ${event.error}`;
  const log: Effect = { kind: "log", level: "error", message };
  if (session.stage.phase !== "opening") return { world, effects: [log] };
  return chain(
    world,
    (now) => ({ world: now, effects: [log] }),
    (now) => close(now, session, event.at, "interrupted", message),
  );
}
