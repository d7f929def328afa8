/**
 * A user exists while there is a session of theirs, closing ones included, while their service manager is there, while
 * they linger (services.ts says who does), and until the runtime directory is gone.
 *
 *   runtime directory: none --first session, lingering begins--> creating --> ready | failed
 *                      ready --last session and manager gone, not lingering--> removing
 *                      removing --> none (user gone, or creating again for a new login)
 *
 * The manager (manager.ts) starts in a directory that is ready, and the directory goes after the manager.
 */

import { makeWaiting } from "./birth.ts";
import type { Effect } from "./effects.ts";
import type { Account, Event, OpenFacts } from "./events.ts";
import { limitsOf } from "./limits.ts";
import { fail, start, stop } from "./manager.ts";
import type { Instant, Session, Uid, User, World } from "./model.ts";
import { waitingFor } from "./opening.ts";
import { chain, putUser, type Step, same, saveUser } from "./outcome.ts";
import { isUp, isWanted, listed, mayHaveManager, stays, wantsManager } from "./services.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

export function newUser(account: Account, at: Instant): User {
  const { uid, gid, name, groups } = account;
  return {
    uid,
    gid,
    name,
    groups,
    created: at,
    runtime: { state: "none" },
    sessions: new Set(),
    manager: { state: "none" },
    deaths: [],
    impatient: false,
    imported: new Map(),
    graphical: null,
    guessed: false,
  };
}

/** Counts the session among the user's, who may be new. */
export function admit(world: World, session: Session, facts: OpenFacts, at: Instant): Step {
  const known = world.users.get(facts.uid);
  const { uid, gid, user: name, groups } = facts;
  const told = { uid, gid, name, groups };
  if (known === undefined) {
    return same(putUser(world, { ...newUser(told, at), sessions: new Set([session.id]) }));
  }
  const sessions = new Set([...known.sessions, session.id]);
  // a manager that is up goes on as who it was started for
  const inUse = known.sessions.size > 0 && isUp(known.manager);
  if (!known.guessed && (inUse || agree(known, told))) return same(putUser(world, { ...known, sessions }));
  return correct(world, { ...known, sessions }, told);
}

function agree(user: User, { gid, name, groups }: Account): boolean {
  return user.gid === gid && user.name === name && user.groups.join() === groups.join();
}

/** What was known of the user is a guess, or was true when they began to linger or logged in first. */
export function correct(world: World, user: User, { gid, name, groups }: Account): Step {
  const told: User = { ...user, gid, name, groups, guessed: false };
  const limits = limitsOf(world.policy, told);
  return chain(
    world,
    (now) => saveUser(now, told),
    (now) => ({ world: now, effects: [{ kind: "slice.limit", uid: user.uid, limits }] }),
  );
}

/** Makes what the user's first session needs; for a later one everything is there or on its way. */
export function prepareUser(world: World, uid: Uid): Step {
  const user = world.users.get(uid);
  if (user === undefined || (user.runtime.state !== "none" && user.runtime.state !== "failed"))
    return same(world);
  return createRuntime(world, user);
}

/** One that is there and is right is kept. */
export function createRuntime(world: World, user: User): Step {
  const creating: User = { ...user, runtime: { state: "creating" } };
  const { runtimeDirectoryBytes: bytes, runtimeDirectoryInodes: inodes } = world.policy;
  const effects: Effect[] = [
    { kind: "slice.create", uid: user.uid, limits: limitsOf(world.policy, user) },
    { kind: "runtime.create", uid: user.uid, gid: user.gid, bytes, inodes },
  ];
  return chain(
    world,
    (now) => saveUser(now, creating),
    (now) => ({ world: now, effects }),
  );
}

/** Starts the manager of a user who has none, after the directory it needs. */
export function bringUp(world: World, user: User, at: Instant): Step {
  const { state } = user.runtime;
  if (state === "ready") return start(world, user, at);
  // while it is being made or removed, its end brings us back here
  return state === "none" || state === "failed" ? createRuntime(world, user) : saveUser(world, user);
}

export function runtimeCreated(world: World, event: Of<"runtime.created">): Step {
  const user = world.users.get(event.uid);
  if (user?.runtime.state !== "creating") return same(world);
  const ready: User = { ...user, runtime: { state: "ready", kind: event.directory } };
  return settle(world, ready, event.at, (now) => start(now, ready, event.at));
}

export function runtimeFailed(world: World, event: Of<"runtime.failed">): Step {
  const user = world.users.get(event.uid);
  if (user?.runtime.state !== "creating") return same(world);
  const without: User = { ...user, runtime: { state: "failed", error: event.error } };
  const message = `user ${event.uid} has no runtime directory: ${event.error}`;
  const why = `there is no runtime directory: ${event.error}`;
  return chain(
    world,
    (now) => ({ world: now, effects: [{ kind: "log", level: "error", message }] }),
    (now) => settle(now, without, event.at, (then) => fail(then, without, why, event.at)),
  );
}

/** What the directory was made for goes on: the manager first, which takes longest, and the sessions beside it. */
function settle(world: World, user: User, at: Instant, decide: (world: World) => Step): Step {
  const idle = user.manager.state === "none" || user.manager.state === "failed";
  return chain(
    putUser(world, user),
    (now) => (idle && isCalledFor(now, user) ? decide(now) : same(now)),
    (now) => makeWaiting(now, user),
    (now) => dismiss(now, user.uid, at),
  );
}

/** A manager that has failed is called for by logins only. */
function isCalledFor(world: World, user: User): boolean {
  if (user.manager.state === "failed")
    return waitingFor(world, user, "user").some((session) => wantsManager(world, user, session));
  return isWanted(world, user) || (listed(world, user) && mayHaveManager(world, user));
}

/** Takes the session from its user; the last one takes the user along, in the end. */
export function leave(world: World, session: Session, at: Instant): Step {
  const user = world.users.get(session.uid);
  if (user === undefined) return same(world);
  const sessions = new Set(user.sessions);
  sessions.delete(session.id);
  return dismiss(putUser(world, { ...user, sessions }), user.uid, at);
}

/**
 * No-op unless the user is to go: first the manager, then the directory. While one of them is on its way, its end
 * brings us back here.
 */
export function dismiss(world: World, uid: Uid, at: Instant): Step {
  const user = world.users.get(uid);
  if (user === undefined || user.sessions.size > 0 || stays(world, user)) return same(world);
  if (isUp(user.manager)) return stop(world, user, "unneeded", at);
  if (user.manager.state === "stopping") return same(world);
  const { gid, runtime } = user;
  if (runtime.state === "creating" || runtime.state === "removing") return same(world);
  // the log of a user without a record is found by nobody: it goes before the directory, by which the user is found
  const eraseLog: Effect = { kind: "manager.erase", uid };
  const withoutLog = (now: World): Step => ({ world: now, effects: [eraseLog] });
  if (runtime.state !== "ready") return chain(world, withoutLog, (now) => eraseUser(now, uid));
  const removing: User = { ...user, runtime: { state: "removing" } };
  return chain(putUser(world, removing), withoutLog, (now) => ({
    world: now,
    effects: [{ kind: "runtime.remove", uid, gid, directory: runtime.kind }],
  }));
}

export function runtimeRemoved(world: World, event: Of<"runtime.removed">): Step {
  const user = world.users.get(event.uid);
  if (user?.runtime.state !== "removing") return same(world);
  const stayed = user.sessions.size > 0 || stays(world, user);
  return stayed ? createRuntime(world, user) : eraseUser(world, user.uid);
}

function eraseUser(world: World, uid: Uid): Step {
  // who was a guess still waits to be looked up; anybody else who comes back gets in line again
  const guessed = world.users.get(uid)?.guessed === true;
  const queue = guessed ? world.queue : world.queue.filter((each) => each !== uid);
  return {
    world: { ...world, users: world.users.without(uid), queue },
    effects: [{ kind: "slice.remove", uid }, { kind: "user.erase", uid }, { kind: "publish" }],
  };
}
