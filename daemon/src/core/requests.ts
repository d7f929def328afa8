/** What callers ask of sessions that exist: to close, to terminate, to signal. Each is answered once. */

import { answer, failure } from "./answers.ts";
import { askToEnd, close } from "./closing.ts";
import type { CallResult, Effect } from "./effects.ts";
import type { Event } from "./events.ts";
import { stopAsked } from "./manager.ts";
import type { Instant, Session, SessionId, Uid, World } from "./model.ts";
import { chain, type Step, same } from "./outcome.ts";
import { mayControl } from "./policy.ts";
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
  if (!Number.isInteger(event.signal) || event.signal < 1 || event.signal > SIGNAL_MAX) {
    return answer(
      world,
      event.requester,
      failure("invalid", `signal ${event.signal} is not one of 1 to ${SIGNAL_MAX}`),
    );
  }
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

/** The session that the caller may act on, or why not. */
function controllable(
  world: World,
  event: { readonly id: SessionId; readonly caller: { readonly uid: number; readonly pid: number } },
): Session | CallResult {
  const session = world.sessions.get(event.id);
  if (session === undefined) return failure("no-such-session", `there is no session ${event.id}`);
  if (!mayControl(event.caller, session.uid)) {
    return failure(
      "not-allowed",
      `session ${session.id} belongs to ${session.user}: only they and root may do this`,
    );
  }
  return session;
}
