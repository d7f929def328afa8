/**
 * Service managers that a starting daemon finds. One that lives is listened to again and keeps its state until it
 * tells another; one that was being stopped goes on at TERM; one whose record is lost, or says there is none, is
 * stopped, because nothing is known of it. One that ended while no daemon was there has died, and its remains are
 * cleared away before another one starts.
 */

import type { Effect } from "./effects.ts";
import * as manager from "./manager.ts";
import type { Instant, Manager, User, World } from "./model.ts";
import { died } from "./news.ts";
import { chain, type Step, same, saveUser } from "./outcome.ts";
import { isUp } from "./services.ts";

/** alive: whether its sessionman-run answers; undefined: nothing of a manager was found. */
export function adoptManager(world: World, user: User, alive: boolean | undefined, at: Instant): Step {
  const { manager: was, uid } = user;
  if (isUp(was)) {
    if (alive !== true) return died(world, user, was, at, "it was gone when the daemon started again");
    return { world, effects: [{ kind: "manager.adopt", uid }, ...goesOn(world, user)] };
  }
  if (was.state === "stopping") {
    const goes = alive === true && was.step !== "killed";
    return resume(world, user, { ...was, step: goes ? "term" : "killed" }, alive === true);
  }
  if (alive === undefined) return same(world);
  const unknown: Manager = {
    state: "stopping",
    backend: "",
    pid: 0,
    since: at.realtime,
    cause: "unneeded",
    step: alive ? "asked" : "killed",
    message: "",
  };
  return resume(world, user, unknown, alive);
}

/** The times begin again. */
function goesOn(world: World, user: User): Effect[] {
  if (user.manager.state === "running") return [];
  const { startTimeoutMs } = world.policy.services;
  return [{ kind: "timer.set", timer: manager.startTimer(user.uid), afterMs: startTimeoutMs }];
}

function resume(
  world: World,
  user: User,
  stopping: Extract<Manager, { state: "stopping" }>,
  alive: boolean,
): Step {
  const { uid } = user;
  const adopt: Effect[] = alive ? [{ kind: "manager.adopt", uid }] : [];
  const kill: Effect[] = alive ? [...adopt, { kind: "manager.kill", uid }] : [];
  return chain(
    world,
    (now) => saveUser(now, { ...user, manager: stopping }),
    (now) => ({
      world: now,
      effects: {
        asked: [...adopt, ...manager.askToStop(now, uid)],
        term: [...adopt, ...manager.askToEnd(now, uid)],
        killed: [...kill, { kind: "manager.clean", uid } as const],
      }[stopping.step],
    }),
  );
}
