/**
 * A session that was not a full login becomes one, which makes its user's services start. Whoever asked waits for
 * them as a login does: manager.ts releases both.
 */

import { deny, done } from "./answers.ts";
import type { Requester, Session, SessionId, User, World } from "./model.ts";
import { chain, type Step, same } from "./outcome.ts";

export function putUpgrade(world: World, { id }: Session, requester: Requester): World {
  return { ...world, upgrades: new Map([...world.upgrades, [id, requester]]) };
}

/** Sessions of the user for which somebody waits. */
export function upgradesOf(world: World, user: User): SessionId[] {
  return [...world.upgrades.keys()].filter((id) => user.sessions.has(id));
}

export function answerUpgrades(world: World, user: User): Step {
  const answers = upgradesOf(world, user).map(
    (id) => (now: World) => take(now, id, (then, requester) => done(then, requester, id)),
  );
  return chain(world, ...answers);
}

/** The session is closing. */
export function refuseUpgrade(world: World, id: SessionId): Step {
  return take(world, id, (now, requester) => deny(now, requester, "failed", `session ${id} is closing`));
}

function take(world: World, id: SessionId, told: (world: World, requester: Requester) => Step): Step {
  const requester = world.upgrades.get(id);
  if (requester === undefined) return same(world);
  const upgrades = new Map(world.upgrades);
  upgrades.delete(id);
  return told({ ...world, upgrades }, requester);
}
