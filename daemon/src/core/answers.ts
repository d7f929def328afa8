/** Answers to callers: each request gets exactly one. */

import type { CallResult, Refusal } from "./effects.ts";
import type { Caller } from "./events.ts";
import type { Requester, Session, SessionId, World } from "./model.ts";
import { chain, type Step, saveSession } from "./outcome.ts";
import { mayControl } from "./policy.ts";

export function answer(world: World, requester: Requester, result: CallResult): Step {
  return { world, effects: [{ kind: "call.reply", requester, result }] };
}

export function failure(refusal: Refusal, message: string): CallResult {
  return { ok: false, refusal, message };
}

export function deny(world: World, requester: Requester, refusal: Refusal, message: string): Step {
  return answer(world, requester, failure(refusal, message));
}

export function done(world: World, requester: Requester, id: SessionId = ""): Step {
  return answer(world, requester, { ok: true, id });
}

/** A session that somebody changed: written down, made known, answered. */
export function settle(world: World, session: Session, requester: Requester): Step {
  return chain(
    world,
    (now) => saveSession(now, session),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
    (now) => done(now, requester, session.id),
  );
}

/** The session that the caller may act on, or why not. */
export function controllable(
  world: World,
  { id, caller }: { readonly id: SessionId; readonly caller: Caller },
): Session | CallResult {
  const session = world.sessions.get(id);
  if (session === undefined) return failure("no-such-session", `there is no session ${id}`);
  if (!mayControl(caller, session.uid)) {
    return failure(
      "not-allowed",
      `session ${session.id} belongs to ${session.user}: only they and root may do this`,
    );
  }
  return session;
}
