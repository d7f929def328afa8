/**
 * When a session is made whose login waits for its user's manager anyway. While the kernel moves the leader into its
 * scope, which takes it 10 ms after a rest, nothing is born into a control group: moved first, the leader would keep
 * the manager from starting for as long. So the manager's first process comes first, and the rest of its start is
 * beside the move. Where that process is long in coming, as with a PAM module that waits, the move is beside that.
 *
 *   user --a manager is on its way that nothing was heard of--> birth --heard of it, BIRTH_MS--> moved --> manager
 */

import { beginWait, comes, mustWait } from "./manager.ts";
import type { Session, Uid, User, World } from "./model.ts";
import { make, waitingFor } from "./opening.ts";
import { chain, put, type Step, same } from "./outcome.ts";

/** Longer than the first process usually takes, and about what a move costs that begins too early. */
const BIRTH_MS = 20;

function birthTimer(uid: Uid): string {
  return `manager-birth/${uid}`;
}

/** The user's runtime directory is there, or will not be: the sessions that waited for it go on. */
export function makeWaiting(world: World, user: User): Step {
  return chain(
    world,
    ...waitingFor(world, user, "user").map((session) => (now: World) => makeInTime(now, session)),
  );
}

/** Makes the session, now or beside its manager's start. */
export function makeInTime(world: World, session: Session): Step {
  const user = world.users.get(session.uid);
  if (user?.manager.state !== "starting" || user.manager.pid !== 0 || !mustWait(world, session))
    return make(world, session);
  return awaitBirth(world, user, session);
}

function awaitBirth(world: World, user: User, session: Session): Step {
  const { uid } = user;
  const { stage } = session;
  if (stage.phase !== "opening") return same(world);
  const first = waitingFor(world, user, "birth").length === 0;
  const effects = beginWait(world, user);
  if (first) effects.push({ kind: "timer.set", timer: birthTimer(uid), afterMs: BIRTH_MS });
  return { world: put(world, { ...session, stage: { ...stage, waitsFor: "birth" } }), effects };
}

/** Something was heard of the manager, or it was waited for long enough. */
export function birthOver(world: World, uid: Uid): Step {
  const user = world.users.get(uid);
  const waiting = user === undefined ? [] : waitingFor(world, user, "birth");
  if (waiting.length === 0) return same(world);
  return chain(
    world,
    (now) => ({ world: now, effects: [{ kind: "timer.cancel", timer: birthTimer(uid) }] }),
    ...waiting.map((session) => (now: World) => make(now, session, "moved")),
  );
}

/** The session has been made meanwhile, and waits on if there is still something to wait for. */
export function waitsOn(world: World, session: Session): boolean {
  const user = world.users.get(session.uid);
  const waits = session.stage.phase === "opening" && session.stage.waitsFor === "moved";
  return waits && user !== undefined && !user.impatient && comes(user.manager);
}
