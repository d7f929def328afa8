/** What callers ask of sessions that exist: to close, to terminate, to signal. Each is answered once. */

import { answer, controllable, deny, done, failure } from "./answers.ts";
import { askToEnd, close } from "./closing.ts";
import type { CallResult, Effect } from "./effects.ts";
import type { Event } from "./events.ts";
import { mustWait, startFor, stopAsked, waitUpgraded } from "./manager.ts";
import type { Instant, Session, Uid, World } from "./model.ts";
import { chain, type Step, same, saveSession } from "./outcome.ts";
import { mayControl } from "./policy.ts";
import { seatOf } from "./seats.ts";
import { sessionsOf } from "./select.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

const SIGNAL_MAX = 64;

export function closeRequested(world: World, event: Of<"session.closeRequested">): Step {
  const session = controllable(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  if (event.reason === "logout" && event.caller.pid !== session.leader.pid) {
    const message = `process ${event.caller.pid} is not the leader of session ${session.id}`;
    return answer(world, event.requester, failure("not-allowed", message));
  }
  // the answer does not wait for the work: whatever becomes of us, a leader that has its answer ends the session
  return chain(
    world,
    (now) => answer(now, event.requester, { ok: true, id: session.id }),
    (now) => close(now, session, event.at, event.reason),
  );
}

export function terminateRequested(world: World, event: Of<"session.terminateRequested">): Step {
  const session = controllable(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  return chain(
    world,
    (now) => terminate(now, session, event.at),
    (now) => answer(now, event.requester, { ok: true, id: session.id }),
  );
}

function terminate(world: World, session: Session, at: Instant): Step {
  const { stage } = session;
  if (stage.phase !== "closing") return close(world, session, at, "terminated");
  if (stage.stop !== "none") return same(world);
  const asked: Session = { ...session, stage: { ...stage, reason: "terminated", stop: "asked" } };
  const next: World = { ...world, sessions: world.sessions.with(session.id, asked) };
  const save: Effect = { kind: "session.save", session: asked, answer: false };
  const watch: Effect = { kind: "scope.watch", id: session.id, uid: session.uid };
  return { world: next, effects: [save, ...askToEnd(next, asked), { kind: "publish" }, watch] };
}

export function terminateUserRequested(world: World, event: Of<"user.terminateRequested">): Step {
  const user = world.users.get(event.uid);
  if (user === undefined || !mayControl(event.caller, event.uid)) {
    const refused: CallResult =
      user === undefined
        ? failure("no-such-user", `user ${event.uid} has no session`)
        : failure("not-allowed", `only root and user ${event.uid} may end these sessions and services`);
    return answer(world, event.requester, refused);
  }
  return chain(
    world,
    ...sessionsOf(world, user).map((session) => (now: World) => terminate(now, session, event.at)),
    (now) => endServices(now, user.uid, event.at),
    (now) => answer(now, event.requester, { ok: true, id: "" }),
  );
}

/** A lingering user whose turn to start has not come loses it. */
function endServices(world: World, uid: Uid, at: Instant): Step {
  const user = world.users.get(uid);
  if (user === undefined) return same(world);
  return stopAsked({ ...world, queue: world.queue.filter((each) => each !== uid) }, user, at);
}

export function killRequested(world: World, event: Of<"session.killRequested">): Step {
  const session = controllable(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  if (!isSignal(event.signal)) return refuseSignal(world, event);
  const { id, uid, leader } = session;
  const order: Effect =
    event.whom === "leader"
      ? { kind: "leader.signal", leader, signal: event.signal }
      : { kind: "scope.signal", id, uid, signal: event.signal, except: 0 };
  return chain(
    world,
    (now) => ({ world: now, effects: [order] }),
    (now) => answer(now, event.requester, { ok: true, id }),
  );
}

function isSignal(signal: number): boolean {
  return Number.isInteger(signal) && signal >= 1 && signal <= SIGNAL_MAX;
}

function refuseSignal(world: World, event: Of<"session.killRequested" | "user.killRequested">): Step {
  const message = `signal ${event.signal} is not one of 1 to ${SIGNAL_MAX}`;
  return deny(world, event.requester, "invalid", message);
}

/** All processes of the user's sessions and services, but for the one that holds the services' PAM session. */
export function killUserRequested(world: World, event: Of<"user.killRequested">): Step {
  const { uid, signal, requester } = event;
  const user = world.users.get(uid);
  if (user === undefined)
    return deny(world, requester, "no-such-user", `user ${uid} has no session and no services`);
  if (!mayControl(event.caller, uid))
    return deny(world, requester, "not-allowed", `only root and user ${uid} may signal these processes`);
  if (!isSignal(signal)) return refuseSignal(world, event);
  const sessions = [...user.sessions].map(
    (id): Effect => ({ kind: "scope.signal", id, uid, signal, except: 0 }),
  );
  const services: Effect[] = user.manager.state === "none" ? [] : [{ kind: "manager.signal", uid, signal }];
  return chain(
    world,
    (now) => ({ world: now, effects: [...sessions, ...services] }),
    (now) => done(now, requester),
  );
}

/** Only a login that was not a full one becomes one; nothing else changes what a session is. */
export function classRequested(world: World, event: Of<"session.classRequested">): Step {
  const session = controllable(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  const { class: wanted, requester, at } = event;
  if (wanted !== "user") {
    const message = `a session does not become one of class ${JSON.stringify(wanted)}`;
    return deny(world, requester, "invalid", message);
  }
  if (session.class === "user") return done(world, requester, session.id);
  if (session.class !== "user-incomplete" || session.stage.phase === "closing") {
    const message = `a ${session.stage.phase} session of class ${session.class} does not become one of class user`;
    return deny(world, requester, "invalid", message);
  }
  const full: Session = { ...session, class: "user" };
  const saved = chain(
    world,
    (now) => saveSession(now, full),
    (now) => startFor(now, full, at),
  );
  const waits = session.stage.phase === "running" && mustWait(saved.world, full);
  return chain(
    world,
    () => saved,
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
    (now) => (waits ? waitUpgraded(now, full, requester) : done(now, requester, full.id)),
  );
}

/** A seat belongs to nobody: who gets this far without being root was refused already. */
export function terminateSeatRequested(world: World, event: Of<"seat.terminateRequested">): Step {
  const { seat, caller, requester, at } = event;
  const found = seatOf(world, seat);
  if (found === null)
    return deny(world, requester, "no-such-seat", `there is no seat ${JSON.stringify(seat)}`);
  if (caller.uid !== 0)
    return deny(world, requester, "not-allowed", `only root may end the sessions of ${seat}`);
  const sessions = found.sessions.flatMap((id) => world.sessions.get(id) ?? []);
  return chain(world, ...sessions.map((session) => (now: World) => terminate(now, session, at)), (now) =>
    done(now, requester),
  );
}
