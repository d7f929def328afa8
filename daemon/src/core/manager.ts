/**
 * A user's service manager: one for all sessions of the user, however many logins race for it.
 *
 *   none, failed --a session wants it, lingering begins--> starting --readiness data--> ready --services up--> running
 *   starting, ready --start_timeout--> stopping (slow)
 *   starting, ready, running --nobody needs it (unneeded), TerminateUser (asked)--> stopping
 *   starting, ready, running --its end--> stopping (died), killed
 *
 *   stopping: asked (stop script) --stop_timeout--> term (TERM) --term_timeout--> killed
 *             asked, term --its end--> killed: what is left is cleared away --cleaned-->
 *               unneeded  starting for who came meanwhile, else none
 *               asked     none; unneeded as soon as a session comes that wants it
 *               died      starting after a pause if somebody needs it, else none; the fifth time in a minute failed
 *               slow      failed
 *
 * A manager starts from none and failed only, and those are reached through manager.cleaned only: never a second one
 * beside the first. It starts for a session of a class that wants it, or for a lingering user, and only in a runtime
 * directory that is there. Once up it stays until the user's last session of any class is gone, processes left behind
 * by a logout included, because they may use its services. After TerminateUser there is none until the next login,
 * also for a user who lingers; lingering that is turned on again, or the daemon's next start, count like a login.
 *
 * A login waits while the manager is starting, ready or stopping, at most login_timeout. When that is over, or the
 * manager has failed, the user is impatient: nobody waits any more until a manager has run again.
 *
 * This file has the transitions, news.ts what brings them about, adopt.ts the managers that a restarted daemon finds.
 */

import type { Effect } from "./effects.ts";
import { allImported } from "./environment.ts";
import type { Instant, Manager, Requester, Session, StopCause, Uid, User, World } from "./model.ts";
import { make, record, waitingFor } from "./opening.ts";
import { chain, put, type Step, same, saveUser } from "./outcome.ts";
import { backendOf, isUp, wantsManager } from "./services.ts";
import { answerUpgrades, putUpgrade, upgradesOf } from "./upgrade.ts";

export function startTimer(uid: Uid): string {
  return `manager-start/${uid}`;
}

export function stopTimer(uid: Uid): string {
  return `manager-stop/${uid}`;
}

export function termTimer(uid: Uid): string {
  return `manager-term/${uid}`;
}

export function restartTimer(uid: Uid): string {
  return `manager-restart/${uid}`;
}

function loginTimer(uid: Uid): string {
  return `login/${uid}`;
}

/** For a user without a manager whose runtime directory is ready. The user's turn in the queue has come with it. */
export function start(world: World, user: User, at: Instant): Step {
  const { uid, gid, name } = user;
  const backend = backendOf(world.policy, user);
  const manager: Manager = { state: "starting", backend, pid: 0, since: at.realtime, message: "" };
  const queue = world.queue.includes(uid) ? world.queue.filter((each) => each !== uid) : world.queue;
  const effects: Effect[] = [
    { kind: "manager.start", uid, gid, user: name, backend },
    { kind: "timer.set", timer: startTimer(uid), afterMs: world.policy.services.startTimeoutMs },
    { kind: "publish" },
  ];
  return chain(
    { ...world, queue },
    (now) => saveUser(now, { ...user, manager }),
    (now) => ({ world: now, effects }),
  );
}

/** The session has come: it makes its user's manager start if there is none, or come back if it is stopping. */
export function startFor(world: World, session: Session, at: Instant): Step {
  const user = world.users.get(session.uid);
  if (user === undefined || !wantsManager(world, user, session)) return same(world);
  if (user.manager.state === "stopping") return comeBack(world, user.uid);
  const absent = user.manager.state === "none" || user.manager.state === "failed";
  return absent && user.runtime.state === "ready" ? start(world, user, at) : same(world);
}

/** What was asked to end stops as one that was not needed, which starts again for who needs it. */
export function comeBack(world: World, uid: Uid): Step {
  const user = world.users.get(uid);
  if (user?.manager.state !== "stopping" || user.manager.cause !== "asked") return same(world);
  return saveUser(world, { ...user, manager: { ...user.manager, cause: "unneeded" } });
}

/** No-op for a manager that is not up. */
export function stop(world: World, user: User, cause: StopCause, at: Instant, message = ""): Step {
  const { uid, manager } = user;
  if (!isUp(manager)) return same(world);
  const { backend, pid } = manager;
  const stopping: User = {
    ...user,
    manager: { state: "stopping", backend, pid, since: at.realtime, cause, step: "asked", message },
  };
  return chain(
    world,
    (now) => saveUser(now, stopping),
    (now) => ({
      world: now,
      effects: [{ kind: "timer.cancel", timer: startTimer(uid) }, ...askToStop(now, uid)],
    }),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
  );
}

export function askToStop(world: World, uid: Uid): Effect[] {
  const { stopTimeoutMs } = world.policy.services;
  return [
    { kind: "manager.order", uid, order: "stop" },
    { kind: "timer.set", timer: stopTimer(uid), afterMs: stopTimeoutMs },
  ];
}

export function askToEnd(world: World, uid: Uid): Effect[] {
  const { termTimeoutMs } = world.policy.services;
  return [
    { kind: "manager.order", uid, order: "term" },
    { kind: "timer.set", timer: termTimer(uid), afterMs: termTimeoutMs },
  ];
}

/** Somebody wants the end of the user: what is stopping, or about to be started again, does not come back either. */
export function stopAsked(world: World, user: User, at: Instant): Step {
  const { manager } = user;
  const comesBack =
    manager.state === "stopping" && (manager.cause === "died" || manager.cause === "unneeded");
  if (comesBack) return saveUser(world, { ...user, manager: { ...manager, cause: "asked" } });
  return stop(world, user, "asked", at);
}

/** The services are up: the user's variables are told first, so that the graphical ones find them. */
export function run(world: World, user: User, running: Manager): Step {
  const { uid } = user;
  const up: User = { ...user, manager: running, impatient: false };
  return chain(
    world,
    (now) => saveUser(now, up),
    (now) => ({
      world: now,
      effects: [{ kind: "timer.cancel", timer: startTimer(uid) }, ...allImported(up)],
    }),
    (now) => release(now, up),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
  );
}

/** Said once; who waits goes on without. */
export function fail(world: World, user: User, message: string, at: Instant): Step {
  const { manager } = user;
  const backend = manager.state === "none" ? backendOf(world.policy, user) : manager.backend;
  const failed: User = { ...user, manager: { state: "failed", backend, since: at.realtime, message } };
  const log = `the service manager of ${user.name} has failed: ${message}`;
  return chain(
    world,
    (now) => saveUser(now, failed),
    (now) => ({ world: now, effects: [{ kind: "log", level: "warn", message: log }] }),
    (now) => release(now, failed),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
  );
}

/** Whether a login of this session waits for its user's manager. */
export function mustWait(world: World, session: Session): boolean {
  const user = world.users.get(session.uid);
  if (user === undefined || user.impatient || world.policy.services.loginTimeoutMs === 0) return false;
  return comes(user.manager) && wantsManager(world, user, session);
}

/** Whether it will be up, or the next one will. */
export function comes(manager: Manager): boolean {
  const { state } = manager;
  return state === "starting" || state === "ready" || (state === "stopping" && manager.cause !== "slow");
}

/** Who waits longest sets the timer, and all others are released with them. */
export function wait(world: World, session: Session): Step {
  const user = world.users.get(session.uid);
  if (user === undefined || session.stage.phase !== "opening") return same(world);
  return {
    world: put(world, { ...session, stage: { ...session.stage, waitsFor: "manager" } }),
    effects: beginWait(world, user),
  };
}

/** The same for who asked that a session become a full login. */
export function waitUpgraded(world: World, session: Session, requester: Requester): Step {
  const user = world.users.get(session.uid);
  if (user === undefined) return same(world);
  return { world: putUpgrade(world, session, requester), effects: beginWait(world, user) };
}

export function beginWait(world: World, user: User): Effect[] {
  const afterMs = world.policy.services.loginTimeoutMs;
  return isAwaited(world, user) ? [] : [{ kind: "timer.set", timer: loginTimer(user.uid), afterMs }];
}

export function isAwaited(world: World, user: User): boolean {
  const waiting = waitingFor(world, user, "birth", "moved", "manager");
  return waiting.length > 0 || upgradesOf(world, user).length > 0;
}

/** Logins that wait for the manager wait no longer. Those that have not been made yet are made first. */
export function release(world: World, user: User): Step {
  const waiting = waitingFor(world, user, "manager");
  const unmade = waitingFor(world, user, "birth");
  if (!isAwaited(world, user)) return same(world);
  return chain(
    world,
    (now) => ({ world: now, effects: [{ kind: "timer.cancel", timer: loginTimer(user.uid) }] }),
    ...unmade.map((session) => (now: World) => make(now, session)),
    ...waiting.map((session) => (now: World) => record(now, session)),
    (now) => answerUpgrades(now, user),
  );
}
