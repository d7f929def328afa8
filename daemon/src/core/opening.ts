/** What the steps of an opening session share: making it, recording it, and the answer to who asked. */

import type { OpenResult } from "./effects.ts";
import type { Requester, Session, User, Wait, World } from "./model.ts";
import { put, type Step, same } from "./outcome.ts";

/** The user's opening sessions that wait for one of these. */
export function waitingFor(world: World, user: User, ...waits: readonly Wait[]): Session[] {
  return [...user.sessions]
    .map((id) => world.sessions.get(id))
    .filter((session) => session?.stage.phase === "opening" && waits.includes(session.stage.waitsFor))
    .filter((session) => session !== undefined);
}

/** No-op for a session that has been made, or is being made. */
export function make(world: World, session: Session, waitsFor: "made" | "moved" = "made"): Step {
  const { id, uid, leader, limits, stage } = session;
  if (stage.phase !== "opening" || (stage.waitsFor !== "user" && stage.waitsFor !== "birth"))
    return same(world);
  const making: Session = { ...session, stage: { ...stage, waitsFor } };
  return {
    world: put(world, making),
    effects: [{ kind: "session.make", id, uid, leader, limits, lifetime: stage.lifetime }],
  };
}

/** All is there: the record as it will be true. */
export function record(world: World, session: Session): Step {
  if (session.stage.phase !== "opening") return same(world);
  const recording: Session = { ...session, stage: { ...session.stage, waitsFor: "record" } };
  const running: Session = { ...session, stage: { phase: "running" } };
  return {
    world: put(world, recording),
    effects: [{ kind: "session.save", session: running, answer: true }],
  };
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
