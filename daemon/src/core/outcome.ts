/** What a step gives back, and the ways to build it. */

import type { Effect } from "./effects.ts";
import type { Session, User, World } from "./model.ts";

export interface Step {
  readonly world: World;
  readonly effects: readonly Effect[];
}

/** One for all: a new one each time takes many times as long. */
const NOTHING: readonly Effect[] = [];

/** Nothing is ordered. */
export function same(world: World): Step {
  return { world, effects: NOTHING };
}

/** Runs steps one after the other, each on the World that the one before left. */
export function chain(world: World, ...steps: readonly ((world: World) => Step)[]): Step {
  let now = world;
  const effects: Effect[] = [];
  for (const next of steps) {
    const step = next(now);
    now = step.world;
    effects.push(...step.effects);
  }
  return { world: now, effects };
}

export function publishes({ effects }: Step): boolean {
  return effects.some(({ kind }) => kind === "publish");
}

/** The step makes its World known, as it may have done already, and not only soon. */
export function publishOnce(step: Step): Step {
  if (publishes(step)) return step;
  const effects = step.effects.filter(({ kind }) => kind !== "publish.soon");
  return { world: step.world, effects: [...effects, { kind: "publish" }] };
}

export function put(world: World, session: Session): World {
  return { ...world, sessions: world.sessions.with(session.id, session) };
}

/**
 * Later changes of a session. One that is opening has its record written when it is made, as it is then; if that has
 * happened already and only the answer is awaited, it is written again.
 */
export function saveSession(world: World, session: Session): Step {
  const { stage } = session;
  if (stage.phase === "opening" && stage.waitsFor !== "record") return same(put(world, session));
  const recorded: Session = stage.phase === "opening" ? { ...session, stage: { phase: "running" } } : session;
  return {
    world: put(world, session),
    effects: [{ kind: "session.save", session: withoutOpening(recorded), answer: false }],
  };
}

/** A device that is being opened was given to nobody yet, and is closed if the daemon does not live to do that. */
function withoutOpening(session: Session): Session {
  const { devices } = session;
  if (!devices.some(({ state }) => state === "opening")) return session;
  return { ...session, devices: devices.filter(({ state }) => state !== "opening") };
}

export function putUser(world: World, user: User): World {
  return { ...world, users: world.users.with(user.uid, user) };
}

/** The user's record is on disk before anything follows from it. */
export function saveUser(world: World, user: User): Step {
  return { world: putUser(world, user), effects: [{ kind: "user.save", user }] };
}
