/**
 * Lingering: users whose services run without a session. Who is listed (World.lingering, the files of lingering users)
 * and has it by the configuration is a user from the daemon's start on; whom the configuration gives it without a file
 * lingers from the first login that brought a manager up.
 *
 *   listed --daemon's start, linger on--> queue: unknown --the user database knows them--> known --a free place--> start
 *
 * Unknown users are looked up again after 1 s, 2 s and so on up to a minute for as long as one is unknown: at boot the
 * user database may come later than the daemon. Not more than starts_at_once managers of users without a session start
 * at the same time; a login does not wait for its user's turn.
 */

import { answer, deny } from "./answers.ts";
import type { Policy } from "./configuration.ts";
import type { Effect } from "./effects.ts";
import type { Account, Event } from "./events.ts";
import { comeBack } from "./manager.ts";
import type { Instant, Uid, User, World } from "./model.ts";
import { chain, type Step, same, saveUser } from "./outcome.ts";
import { lingerRefusal } from "./policy.ts";
import { listed, servicesOf } from "./services.ts";
import { correct, createRuntime, dismiss, newUser } from "./user.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

const LOOK_UP_FIRST_MS = 1000;
const LOOK_UP_LAST_MS = 60_000;

const LOOK_UP_TIMER = "look-up";

export function lingerRequested(world: World, event: Of<"linger.requested">): Step {
  const { requester, caller, user, enabled } = event;
  const { linger } = servicesOf(world.policy, user);
  const refused = lingerRefusal(world.policy, caller, user, { linger, enabled });
  if (refused !== null) return deny(world, requester, refused.refusal, refused.message);
  return { world, effects: [{ kind: "linger.save", requester, user, enabled }] };
}

export function lingerFailed(world: World, { requester, user, error }: Of<"linger.failed">): Step {
  return deny(world, requester, "failed", `cannot record the lingering of ${user.name}: ${error}`);
}

/** It is on disk; now it is true. */
export function lingerSaved(world: World, event: Of<"linger.saved">): Step {
  const { user: account, at, requester, enabled } = event;
  const { uid, name } = account;
  const lingering = enabled ? world.lingering.with(uid, name) : world.lingering.without(uid);
  const queue = world.queue.filter((each) => each !== uid);
  return chain(
    { ...world, lingering, queue },
    (now) => (enabled ? begin(now, account, at) : dismiss(now, uid, at)),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
    (now) => answer(now, requester, { ok: true, id: "" }),
  );
}

/** Known, then in the queue; what is stopping and would not have come back does. */
function begin(world: World, account: Account, at: Instant): Step {
  const known = world.users.get(account.uid);
  if (known === undefined) return admitLingering(enqueue(world, account.uid), account, at);
  return chain(
    enqueue(world, account.uid),
    (now) => (known.guessed ? correct(now, known, account) : same(now)),
    (now) => comeBack(now, account.uid),
  );
}

function admitLingering(world: World, account: Account, at: Instant): Step {
  if (!listed(world, account)) return same(without(world, account.uid));
  return saveUser(world, newUser(account, at));
}

function enqueue(world: World, uid: Uid): World {
  return { ...world, queue: [...world.queue, uid] };
}

function without(world: World, uid: Uid): World {
  return { ...world, queue: world.queue.filter((each) => each !== uid) };
}

/** Whoever is not in the queue has come by another way, or is not wanted any more. */
export function userLookedUp(world: World, { uid, at, user: account }: Of<"user.lookedUp">): Step {
  const name = world.lingering.get(uid);
  if (name === undefined || account === null) return same(world);
  if (account.name !== name) {
    const message = `user ${uid} does not linger: the file is of ${name}, and the user is ${account.name}`;
    return { world: without(world, uid), effects: [{ kind: "log", level: "warn", message }] };
  }
  if (!world.queue.includes(uid) || !isUnknown(world, uid)) return same(world);
  const guessed = world.users.get(uid);
  return guessed === undefined ? admitLingering(world, account, at) : correct(world, guessed, account);
}

function isUnknown(world: World, uid: Uid): boolean {
  return world.users.get(uid)?.guessed !== false;
}

/** Asks for who is unknown; further rounds follow by the clock, whether or not these are answered. */
function lookUp(world: World, uids: readonly Uid[]): Step {
  const unknown = uids.filter((uid) => isUnknown(world, uid));
  if (unknown.length === 0) return same(world);
  const questions = unknown.map((uid): Effect => ({ kind: "user.lookUp", uid }));
  if (world.lookUpMs !== 0) return { world, effects: questions };
  return {
    world: { ...world, lookUpMs: LOOK_UP_FIRST_MS },
    effects: [...questions, { kind: "timer.set", timer: LOOK_UP_TIMER, afterMs: LOOK_UP_FIRST_MS }],
  };
}

export function lookUpOver(world: World): Step {
  const unknown = world.queue.filter((uid) => isUnknown(world, uid));
  if (unknown.length === 0) return same({ ...world, lookUpMs: 0 });
  const afterMs = Math.min(2 * world.lookUpMs, LOOK_UP_LAST_MS);
  const isLast = afterMs === LOOK_UP_LAST_MS && world.lookUpMs < LOOK_UP_LAST_MS;
  const logs = unknown.map((uid): Effect => {
    const message = `lingering user ${world.lingering.get(uid)} (${uid}) is not in the user database yet: asking on`;
    return { kind: "log", level: "warn", message };
  });
  return {
    world: { ...world, lookUpMs: afterMs },
    effects: [
      ...(isLast ? logs : []),
      ...unknown.map((uid): Effect => ({ kind: "user.lookUp", uid })),
      { kind: "timer.set", timer: LOOK_UP_TIMER, afterMs },
    ],
  };
}

/** A daemon starts: all who are listed and have no manager get in line. */
export function lineUp(world: World): Step {
  return join(world, (user) => listed(world, user));
}

/** For whom lingering has ended or begun with the configuration, it has at once. */
export function policyChanged(before: World, policy: Policy, at: Instant): Step {
  const world: World = { ...before, policy };
  return chain(world, ...[...world.users.keys()].map((uid) => (now: World) => dismiss(now, uid, at)), (now) =>
    join(now, (user) => listed(now, user) && !listed(before, user)),
  );
}

/** What the configuration says about unknown users shows when they are known. */
function join(world: World, begins: (user: User) => boolean): Step {
  const joining = [...world.lingering.keys()].filter((uid) => {
    const user = world.users.get(uid);
    const wanted = user === undefined || user.guessed || (isIdle(user) && begins(user));
    return wanted && !world.queue.includes(uid);
  });
  const beginning = [...world.users.values()].filter((user) => begins(user));
  return chain(
    { ...world, queue: [...world.queue, ...joining] },
    ...beginning.map(
      ({ uid }) =>
        (now: World) =>
          comeBack(now, uid),
    ),
    (now) => lookUp(now, joining),
  );
}

function isIdle({ manager }: User): boolean {
  return manager.state === "none" || manager.state === "failed";
}

/** Starts those whose turn has come. Called after everything that may have freed a place. */
export function goOn(step: Step): Step {
  return step.world.queue.length === 0 ? step : chain(step.world, () => step, fill);
}

function fill(world: World): Step {
  let free = Math.max(1, world.policy.services.startsAtOnce) - placesTaken(world);
  let step = same(world);
  for (const uid of world.queue) {
    if (free <= 0) break;
    const user = step.world.users.get(uid);
    if (user === undefined || user.guessed) continue;
    const rest = without(step.world, uid);
    const starts = isIdle(user) && listed(rest, user);
    const { effects } = step;
    const next = starts ? take(rest, user) : same(rest);
    if (starts) free -= 1;
    step = { world: next.world, effects: [...effects, ...next.effects] };
  }
  return step;
}

/** The directory is made, or looked at, again; the manager follows when it is there. */
function take(world: World, user: User): Step {
  const idle: User = { ...user, manager: { state: "none" } };
  const onItsWay = user.runtime.state === "creating" || user.runtime.state === "removing";
  return onItsWay ? saveUser(world, idle) : createRuntime(world, idle);
}

function placesTaken(world: World): number {
  return [...world.users.values()].filter(
    ({ sessions, manager, runtime }) =>
      sessions.size === 0 &&
      (manager.state === "starting" || manager.state === "ready" || runtime.state === "creating"),
  ).length;
}
