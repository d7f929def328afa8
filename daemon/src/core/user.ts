/**
 * A user exists while there is a session of theirs, closing ones included, and until the runtime directory is gone.
 *
 *   runtime directory: none --first record on disk--> creating --> ready | failed
 *                      ready --last session gone--> removing --> none (user gone, or creating again for a new login)
 */

import type { Effect } from "./effects.ts";
import type { Event, OpenFacts } from "./events.ts";
import { limitsOf } from "./limits.ts";
import type { Instant, RuntimeDirectory, Session, Uid, User, World } from "./model.ts";
import { runtimeSettled } from "./opening.ts";
import { chain, type Step, same } from "./outcome.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

/** Counts the session among the user's, who may be new. */
export function admit(world: World, session: Session, facts: OpenFacts, at: Instant): Step {
  const known = world.users.get(facts.uid);
  const sessions = new Set([...(known?.sessions ?? []), session.id]);
  if (known !== undefined && !known.guessed) return same(putUser(world, { ...known, sessions }));
  const { uid, gid, user: name, groups } = facts;
  const told: User = {
    uid,
    gid,
    name,
    groups,
    created: known?.created ?? at,
    runtime: known?.runtime ?? { state: "none" },
    sessions,
    guessed: false,
  };
  const correct: Effect[] = [
    { kind: "user.save", user: told },
    { kind: "slice.limit", uid, limits: limitsOf(world.policy, told) },
  ];
  return { world: putUser(world, told), effects: known === undefined ? [] : correct };
}

/** Makes what the user's first session needs; for a later one everything is there or on its way. */
export function prepareUser(world: World, uid: Uid): Step {
  const user = world.users.get(uid);
  if (user === undefined || (user.runtime.state !== "none" && user.runtime.state !== "failed"))
    return same(world);
  return createRuntime(world, user);
}

function createRuntime(world: World, user: User): Step {
  const creating: User = { ...user, runtime: { state: "creating" } };
  const { runtimeDirectoryBytes: bytes, runtimeDirectoryInodes: inodes } = world.policy;
  return {
    world: putUser(world, creating),
    effects: [
      { kind: "user.save", user: creating },
      { kind: "slice.create", uid: user.uid, limits: limitsOf(world.policy, user) },
      { kind: "runtime.create", uid: user.uid, gid: user.gid, bytes, inodes },
    ],
  };
}

export function runtimeCreated(world: World, event: Of<"runtime.created">): Step {
  return settle(world, event.uid, { state: "ready", kind: event.directory }, []);
}

export function runtimeFailed(world: World, event: Of<"runtime.failed">): Step {
  const message = `user ${event.uid} has no runtime directory: ${event.error}`;
  return settle(world, event.uid, { state: "failed", error: event.error }, [
    { kind: "log", level: "error", message },
  ]);
}

function settle(world: World, uid: Uid, runtime: RuntimeDirectory, effects: Effect[]): Step {
  const user = world.users.get(uid);
  if (user?.runtime.state !== "creating") return same(world);
  const settled: User = { ...user, runtime };
  return chain(
    putUser(world, settled),
    (now) => ({ world: now, effects: [...effects, { kind: "user.save", user: settled }] }),
    (now) => (settled.sessions.size === 0 ? dismiss(now, settled) : runtimeSettled(now, settled)),
  );
}

/** Takes the session from its user; the last one takes the user's runtime directory along. */
export function leave(world: World, session: Session): Step {
  const user = world.users.get(session.uid);
  if (user === undefined) return same(world);
  const sessions = new Set(user.sessions);
  sessions.delete(session.id);
  const left: User = { ...user, sessions };
  return sessions.size > 0 ? same(putUser(world, left)) : dismiss(putUser(world, left), left);
}

/** For a user without sessions. While the directory is being made or removed, its end brings us back here. */
export function dismiss(world: World, user: User): Step {
  const { uid, gid, runtime } = user;
  if (runtime.state === "creating" || runtime.state === "removing") return same(world);
  if (runtime.state !== "ready") return eraseUser(world, uid);
  const removing: User = { ...user, runtime: { state: "removing" } };
  const effects: Effect[] = [
    { kind: "user.save", user: removing },
    { kind: "runtime.remove", uid, gid, directory: runtime.kind },
  ];
  return { world: putUser(world, removing), effects };
}

export function runtimeRemoved(world: World, event: Of<"runtime.removed">): Step {
  const user = world.users.get(event.uid);
  if (user?.runtime.state !== "removing") return same(world);
  return user.sessions.size === 0 ? eraseUser(world, user.uid) : createRuntime(world, user);
}

function eraseUser(world: World, uid: Uid): Step {
  return {
    world: { ...world, users: world.users.without(uid) },
    effects: [{ kind: "slice.remove", uid }, { kind: "user.erase", uid }, { kind: "publish" }],
  };
}

export function putUser(world: World, user: User): World {
  return { ...world, users: world.users.with(user.uid, user) };
}
