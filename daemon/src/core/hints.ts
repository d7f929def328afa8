/** What a session says of its screen and of who sits before it, and the wish that it lock or unlock. */

import { answer, controllable, deny, done, settle } from "./answers.ts";
import { canIdle, canLock, isGraphical } from "./classes.ts";
import type { Effect } from "./effects.ts";
import type { Event } from "./events.ts";
import type { Requester, Session, World } from "./model.ts";
import { chain, type Step } from "./outcome.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

export function lockRequested(world: World, event: Of<"session.lockRequested">): Step {
  const session = controllable(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  if (!canLock(session)) return unlockable(world, session, event.requester);
  return chain(
    world,
    (now) => ({ world: now, effects: [order(session, event.lock)] }),
    (now) => done(now, event.requester, session.id),
  );
}

/** Sessions that cannot lock are passed over. */
export function lockAllRequested(world: World, event: Of<"session.lockAllRequested">): Step {
  const { caller, requester, lock } = event;
  if (caller.uid !== 0) return deny(world, requester, "not-allowed", "only root may lock all sessions");
  const sessions = [...world.sessions.values()].filter(canLock);
  return chain(
    world,
    (now) => ({ world: now, effects: sessions.map((session) => order(session, lock)) }),
    (now) => done(now, requester),
  );
}

function order({ id }: Session, lock: boolean): Effect {
  return { kind: "session.lock", id, lock };
}

function unlockable(world: World, session: Session, requester: Requester): Step {
  return deny(world, requester, "not-supported", `sessions of class ${session.class} have no screen to lock`);
}

export function lockedHintRequested(world: World, event: Of<"session.lockedHintRequested">): Step {
  const session = controllable(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  if (!canLock(session)) return unlockable(world, session, event.requester);
  if (session.lockedHint === event.locked) return done(world, event.requester, session.id);
  return settle(world, { ...session, lockedHint: event.locked }, event.requester);
}

export function idleHintRequested(world: World, event: Of<"session.idleHintRequested">): Step {
  const session = controllable(world, event);
  if (!("user" in session)) return answer(world, event.requester, session);
  const { idle, at, requester } = event;
  if (!canIdle(session)) {
    const message = `sessions of class ${session.class} are never idle`;
    return deny(world, requester, "not-supported", message);
  }
  if (!isGraphical(session)) {
    const message = `whether a session of type ${session.type} is idle is not for itself to say`;
    return deny(world, requester, "not-supported", message);
  }
  if (session.idleHint === idle) return done(world, requester, session.id);
  return settle(world, { ...session, idleHint: idle, idleSince: at }, requester);
}
