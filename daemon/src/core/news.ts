/** What happens to a service manager: what sessionman-run says of it, its clearing away, and its times. */

import { birthOver } from "./birth.ts";
import type { Event } from "./events.ts";
import * as manager from "./manager.ts";
import type { Instant, Manager, StopCause, Uid, User, World } from "./model.ts";
import { printable } from "./names.ts";
import { chain, type Step, same, saveUser } from "./outcome.ts";
import { isUp, isWanted, lingers, listed, mayHaveManager } from "./services.ts";
import { bringUp, dismiss } from "./user.ts";

type Told = Extract<Event, { kind: "manager.told" }>;
type Up = Extract<Manager, { state: "starting" | "ready" | "running" }>;
type Stopping = Extract<Manager, { state: "stopping" }>;

const DEATHS_MAX = 5;
const DEATHS_WITHIN = 60_000_000;
const RESTART_PAUSE_MS = 200;
const MESSAGE_MAX = 256;

const ORDER = { starting: 0, ready: 1, running: 2 } as const;

/** Its first word: what has to be born into its control groups has been. Who waited for that comes before all else. */
export function managerTold(world: World, told: Told): Step {
  return chain(
    world,
    (now) => birthOver(now, told.uid),
    (now) => take(now, told),
  );
}

function take(world: World, { uid, at, news }: Told): Step {
  const user = world.users.get(uid);
  if (user === undefined) return same(world);
  const message = printable(news.message ?? "", MESSAGE_MAX);
  if (news.state !== "ended") {
    const since = user.manager.state === news.state ? user.manager.since : at.realtime;
    const { state, pid } = news;
    return isUp(user.manager)
      ? advance(world, user, user.manager, { ...user.manager, state, pid, since, message })
      : same(world);
  }
  if (isUp(user.manager)) return died(world, user, user.manager, at, message);
  return user.manager.state === "stopping" ? ended(world, user, user.manager) : same(world);
}

/** Never backwards: an adopted manager tells where it is, which is where it was or further. */
function advance(world: World, user: User, now: Up, next: Up): Step {
  const steps = ORDER[next.state] - ORDER[now.state];
  if (steps < 0 || (steps === 0 && next.pid === now.pid)) return same(world);
  const moved: User = { ...user, manager: next };
  if (steps === 0 || next.state !== "running") {
    return chain(
      world,
      (then) => saveUser(then, moved),
      (then) => ({ world: then, effects: [{ kind: "publish" }] }),
    );
  }
  const log = `not all initial services of ${user.name} are up: ${next.message}`;
  return chain(
    world,
    (then) => ({
      world: then,
      effects: next.message === "" ? [] : [{ kind: "log", level: "warn", message: log }],
    }),
    (then) => manager.run(then, user, next),
  );
}

/** It ended and nobody had asked for that. What it leaves behind is nobody's and goes before another one starts. */
export function died(world: World, user: User, was: Up | Stopping, at: Instant, message: string): Step {
  const { uid } = user;
  const { backend, pid } = was;
  const deaths = [...recent(user, at), at.monotonic].slice(-DEATHS_MAX);
  const remains: Manager = {
    state: "stopping",
    backend,
    pid,
    since: at.realtime,
    cause: "died",
    step: "killed",
    message,
  };
  const log = `the service manager of ${user.name} has ended: ${message}`;
  return chain(
    world,
    (now) => saveUser(now, { ...user, manager: remains, deaths }),
    (now) => ({
      world: now,
      effects: [
        { kind: "timer.cancel", timer: manager.startTimer(uid) },
        { kind: "log", level: "info", message: log },
        { kind: "manager.clean", uid },
        { kind: "publish" },
      ],
    }),
  );
}

function recent(user: User, at: Instant): number[] {
  return user.deaths.filter((death) => at.monotonic - death < DEATHS_WITHIN);
}

/** It ended as it was told to. After the kill its remains are being cleared away already. */
function ended(world: World, user: User, was: Stopping): Step {
  const { uid } = user;
  if (was.step === "killed") return same(world);
  return chain(
    world,
    (now) => saveUser(now, { ...user, manager: { ...was, step: "killed" } }),
    (now) => ({
      world: now,
      effects: [
        { kind: "timer.cancel", timer: manager.stopTimer(uid) },
        { kind: "timer.cancel", timer: manager.termTimer(uid) },
        { kind: "manager.clean", uid },
      ],
    }),
  );
}

export function managerCleaned(world: World, { uid, at }: Extract<Event, { kind: "manager.cleaned" }>): Step {
  const user = world.users.get(uid);
  if (user?.manager.state !== "stopping" || user.manager.step !== "killed") return same(world);
  const { cause, message } = user.manager;
  if (cause === "slow") return giveUp(world, user, message, at);
  if (cause !== "died") return conclude(world, user, cause, at);
  if (recent(user, at).length >= DEATHS_MAX) {
    const why = `it ended ${DEATHS_MAX} times within a minute, the last time with: ${message}`;
    return giveUp(world, user, why, at);
  }
  if (!isNeeded(world, user, cause)) return conclude(world, user, cause, at);
  const timer = manager.restartTimer(uid);
  return { world, effects: [{ kind: "timer.set", timer, afterMs: RESTART_PAUSE_MS }] };
}

function giveUp(world: World, user: User, why: string, at: Instant): Step {
  return chain(
    world,
    (now) => manager.fail(now, { ...user, impatient: true }, why, at),
    (now) => dismiss(now, user.uid, at),
  );
}

/** Nothing of the manager is left: the next one, or none. */
function conclude(world: World, user: User, cause: StopCause, at: Instant): Step {
  const idle: User = { ...user, manager: { state: "none" } };
  if (isNeeded(world, user, cause)) return bringUp(world, idle, at);
  return chain(
    world,
    (now) => saveUser(now, idle),
    (now) => manager.release(now, idle),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
    (now) => dismiss(now, idle.uid, at),
  );
}

function isNeeded(world: World, user: User, cause: StopCause): boolean {
  if (cause === "asked" || !mayHaveManager(world, user)) return false;
  return isWanted(world, user) || (cause === "died" ? lingers(world, user) : listed(world, user));
}

/** The pause after a death is over. */
export function restartOver(world: World, uid: Uid, at: Instant): Step {
  const user = world.users.get(uid);
  if (user?.manager.state !== "stopping" || user.manager.step !== "killed") return same(world);
  return conclude(world, user, user.manager.cause, at);
}

/** It is not up when start_timeout is over. Whoever waits for it waited for nothing. */
export function startOver(world: World, uid: Uid, at: Instant): Step {
  const user = world.users.get(uid);
  if (user?.manager.state !== "starting" && user?.manager.state !== "ready") return same(world);
  const what =
    user.manager.state === "starting" ? "it did not say that it is ready" : "its services were not up";
  const why = `${what} within ${world.policy.services.startTimeoutMs / 1000} s`;
  return chain(
    world,
    (now) => manager.stop(now, { ...user, impatient: true }, "slow", at, why),
    (now) => manager.release(now, user),
  );
}

/** The stop script has had its time. */
export function stopOver(world: World, uid: Uid): Step {
  const user = world.users.get(uid);
  if (user?.manager.state !== "stopping" || user.manager.step !== "asked") return same(world);
  const asked: User = { ...user, manager: { ...user.manager, step: "term" } };
  return chain(
    world,
    (now) => saveUser(now, asked),
    (now) => ({ world: now, effects: manager.askToEnd(now, uid) }),
  );
}

/** So has TERM. The kill is the end: what is left after it is cleared away with the rest. */
export function termOver(world: World, uid: Uid): Step {
  const user = world.users.get(uid);
  if (user?.manager.state !== "stopping" || user.manager.step !== "term") return same(world);
  const killed: User = { ...user, manager: { ...user.manager, step: "killed" } };
  const message = `the service manager of ${user.name} did not end in time: killed`;
  return chain(
    world,
    (now) => saveUser(now, killed),
    (now) => ({
      world: now,
      effects: [
        { kind: "log", level: "info", message },
        { kind: "manager.kill", uid },
        { kind: "manager.clean", uid },
      ],
    }),
  );
}

/** A login has waited long enough. It goes on without its services, and so do those that wait with it. */
export function loginOver(world: World, uid: Uid): Step {
  const user = world.users.get(uid);
  if (user === undefined || !manager.isAwaited(world, user)) return same(world);
  const impatient: User = { ...user, impatient: true };
  const seconds = world.policy.services.loginTimeoutMs / 1000;
  const message = `the login of ${user.name} goes on without its services: they were not up within ${seconds} s`;
  return chain(
    world,
    (now) => saveUser(now, impatient),
    (now) => ({ world: now, effects: [{ kind: "log", level: "warn", message }] }),
    (now) => manager.release(now, impatient),
  );
}
