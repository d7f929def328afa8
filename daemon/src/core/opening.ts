/** What the steps of an opening session share: making it once its user is ready, and the answer to who asked. */

import type { OpenResult } from "./effects.ts";
import type { Requester, Session, User, World } from "./model.ts";
import { chain, type Step, same } from "./outcome.ts";

/** The user's runtime directory is there, or will not be: the sessions that waited for it are made. */
export function runtimeSettled(world: World, user: User): Step {
  const waiting = [...user.sessions].map((id) => world.sessions.get(id));
  return chain(
    world,
    ...waiting.map((session) => (now: World) => (session === undefined ? same(now) : make(now, session))),
  );
}

/** No-op unless the session waits for its user. */
export function make(world: World, session: Session): Step {
  const { id, uid, leader, stage } = session;
  if (stage.phase !== "opening" || stage.waitsFor !== "user") return same(world);
  const making: Session = { ...session, stage: { ...stage, waitsFor: "made" } };
  return {
    world: put(world, making),
    effects: [{ kind: "session.make", id, uid, leader, lifetime: stage.lifetime }],
  };
}

export function put(world: World, session: Session): World {
  return { ...world, sessions: world.sessions.with(session.id, session) };
}

export function reply(world: World, requester: Requester, result: OpenResult): Step {
  return { world, effects: [{ kind: "open.reply", requester, result }] };
}

export function refuse(
  world: World,
  requester: Requester,
  refusal: "invalid" | "busy" | "limits" | "failed",
  message: string,
): Step {
  return reply(world, requester, { outcome: "refused", refusal, message });
}
