/**
 * A daemon's first step: from what it finds on disk and in the system to a World and what must be done about the
 * difference. Sessions that live go on; those that ended meanwhile, or were never granted, are closed; what no record
 * speaks of is closed too, so that it is cleaned up by the same rules.
 */

import { adoptManager } from "./adopt.ts";
import { askToEnd, awaitRetry, close, followLeader } from "./closing.ts";
import type { Effect } from "./effects.ts";
import { tellAgain } from "./environment.ts";
import type { Event, Found, FoundSession } from "./events.ts";
import { restoreInhibitors } from "./inhibit.ts";
import { lineUp } from "./linger.ts";
import type { Instant, Session, SessionId, Uid, User, World } from "./model.ts";
import { chain, putUser, type Step, same } from "./outcome.ts";
import { adoptSeats, hasLost, heldSession, restoreSeats } from "./restore-seats.ts";
import { limitRuntime } from "./runtime-limit.ts";
import { isUp, stays } from "./services.ts";
import { reservation } from "./session.ts";
import { Table } from "./table.ts";
import { lookAgainTimer } from "./timers.ts";
import { createRuntime, dismiss, newUser, prepareUser } from "./user.ts";

type Started = Extract<Event, { kind: "daemon.started" }>;

export function daemonStarted(world: World, event: Started): Step {
  const { found, at } = event;
  const nextId = Math.max(found.nextId, ...found.orphanScopes.map((scope) => Number(scope.id) + 1));
  let lingering = Table.empty<Uid, string>();
  for (const { uid, name } of found.lingering) lingering = lingering.with(uid, name);
  const adopted = adopt({ ...world, started: at, nextId, reservedIds: nextId, lingering }, found, at);
  const managers = new Map(found.managers.map(({ uid, alive }) => [uid, alive]));
  return chain(
    adopted,
    (now) => restoreSeats(now, found),
    (now) => ({ world: now, effects: [reservation(now)] }),
    ...[...adopted.users.values()].map(
      (user) => (now: World) => adoptManager(now, user, managers.get(user.uid), at),
    ),
    ...[...adopted.users.keys()].map((uid) => (now: World) => restoreUser(now, uid, at)),
    ...found.sessions.map(
      (session) => (now: World) =>
        hasLost(session, found) ? endSession(now, session, at) : restoreSession(now, session, at),
    ),
    ...found.orphanScopes.map((scope) => (now: World) => takeUp(now, scope.id)),
    (now) => ({
      world: now,
      effects: found.orphanLifetimes.map((id) => ({ kind: "lifetime.drop", id }) as const),
    }),
    ...[...adopted.users.keys()].map((uid) => (now: World) => tellAgain(now, uid)),
    (now) => restoreInhibitors(now, found),
    lineUp,
    (now) => ({ world: now, effects: [{ kind: "publish" }, lookAgainTimer] }),
  );
}

/** The World that the records describe, with a user for every session, directory and manager. */
function adopt(world: World, found: Found, at: Instant): World {
  let sessions = world.sessions;
  const ofUser = new Map<Uid, Set<SessionId>>();
  const known = new Map(found.users.map((user) => [user.uid, user]));
  for (const session of [
    ...found.sessions.map((each) => fromRecord(each, found)),
    ...found.orphanScopes.map((o) => fromScope(o, at, known)),
  ]) {
    sessions = sessions.with(session.id, session);
    ofUser.set(session.uid, (ofUser.get(session.uid) ?? new Set()).add(session.id));
  }
  const names = new Map([
    ...found.lingering.map(({ uid, name }) => [uid, name] as const),
    ...found.sessions.map(({ record }) => [record.uid, record.user] as const),
  ]);
  const directories = new Map(found.runtimeDirectories.map((entry) => [entry.uid, entry.directory]));
  let next: World = { ...world, sessions };
  const managed = found.managers.map(({ uid }) => uid);
  for (const uid of new Set([...known.keys(), ...ofUser.keys(), ...directories.keys(), ...managed])) {
    const kind = directories.get(uid);
    const user = known.get(uid) ?? stranger(uid, at, names.get(uid) ?? String(uid));
    const own = ofUser.get(uid) ?? new Set();
    // for a user with sessions it is made again, which keeps one that is right and mends one that a crash left half
    const there = kind !== undefined && own.size === 0;
    next = putUser(next, {
      ...user,
      sessions: own,
      runtime: there ? { state: "ready", kind } : { state: "none" },
    });
  }
  return withIndexes(next, found);
}

function fromRecord({ record, scopeExists }: FoundSession, { held }: Found): Session {
  return { ...heldSession(record, held), scope: scopeExists };
}

function withIndexes(world: World, found: Found): World {
  let { leaders } = world;
  const live = found.sessions.map(({ record }) => record).filter(({ stage }) => stage.phase !== "closing");
  for (const session of live) leaders = leaders.with(session.leader.pid, session.id);
  return adoptSeats({ ...world, leaders }, found, live);
}

/** A user whose record is lost. */
function stranger(uid: Uid, at: Instant, name: string): User {
  return { ...newUser({ uid, gid: uid, name, groups: [] }, at), guessed: true };
}

/** A scope whose record is lost, or was not written before a crash: all that is known is whose it was. */
function fromScope(
  scope: { readonly id: SessionId; readonly uid: Uid },
  at: Instant,
  known: ReadonlyMap<Uid, User>,
): Session {
  return {
    id: scope.id,
    uid: scope.uid,
    user: known.get(scope.uid)?.name ?? String(scope.uid),
    type: "unspecified",
    class: "background",
    desktop: "",
    service: "",
    seat: null,
    vtnr: 0,
    tty: "",
    display: "",
    remote: false,
    remoteHost: "",
    remoteUser: "",
    leader: { pid: 0, start: "", inode: "", executable: "" },
    created: at,
    nonce: "",
    scope: true,
    lifetime: false,
    lockedHint: false,
    idleHint: false,
    idleSince: null,
    control: null,
    limits: {},
    runtimeMax: null,
    position: 0,
    devices: [],
    stage: { phase: "closing", reason: "interrupted", since: at.realtime, stop: "none" },
  };
}

/** A manager needs its directory as much as a session does. */
function restoreUser(world: World, uid: Uid, at: Instant): Step {
  const user = world.users.get(uid);
  if (user === undefined) return same(world);
  if (user.sessions.size > 0) return prepareUser(world, uid);
  return stays(world, user) && isUp(user.manager) ? createRuntime(world, user) : dismiss(world, uid, at);
}

function restoreSession(world: World, found: FoundSession, at: Instant): Step {
  const session = world.sessions.get(found.record.id);
  if (session === undefined) return same(world);
  if (session.stage.phase === "closing") return resumeClosing(world, session);
  if (!found.leaderAlive) return close(world, session, at, "leader-exited");
  const watch: Effect = { kind: "leader.watch", id: session.id, leader: session.leader };
  return chain(
    world,
    (now) => ({ world: now, effects: [watch] }),
    (now) => resumeLifetime(now, session, found),
    (now) => limitRuntime(now, session.id, at),
  );
}

/** Its processes were killed: nobody is to take it for one that could be in the foreground. */
function endSession(world: World, found: FoundSession, at: Instant): Step {
  const session = world.sessions.get(found.record.id);
  if (session === undefined) return same(world);
  if (session.stage.phase === "closing") return resumeClosing(world, session);
  return close(world, session, at, "terminated");
}

function resumeLifetime(world: World, session: Session, found: FoundSession): Step {
  if (!session.lifetime) return same(world);
  if (found.lifetimeHeld) {
    return { world, effects: [{ kind: "lifetime.resume", id: session.id, leader: session.leader }] };
  }
  if (found.executable !== session.leader.executable) return followLeader(world, session);
  const waiting: Session = { ...session, lifetime: false };
  return awaitRetry({ ...world, sessions: world.sessions.with(session.id, waiting) }, waiting);
}

/** What had been asked to end before the restart is asked again and gets its full time, then the KILL. */
function resumeClosing(world: World, session: Session): Step {
  const { id, uid } = session;
  const asked = session.stage.phase === "closing" && session.stage.stop === "asked";
  const killed = session.stage.phase === "closing" && session.stage.stop === "killed";
  const effects: Effect[] = [{ kind: "lifetime.drop", id }];
  if (asked) effects.push(...askToEnd(world, session));
  if (killed) effects.push({ kind: "scope.kill", id, uid });
  return chain(
    world,
    (now) => ({ world: now, effects }),
    (now) => watchAgain(now, id),
  );
}

/** The session that stands for a scope without a record gets a record. */
function takeUp(world: World, id: SessionId): Step {
  const session = world.sessions.get(id);
  if (session === undefined) return same(world);
  const save: Effect = { kind: "session.save", session, answer: false };
  return chain(
    world,
    (now) => ({ world: now, effects: [save] }),
    (now) => resumeClosing(now, session),
  );
}

function watchAgain(world: World, id: SessionId): Step {
  const session = world.sessions.get(id);
  if (session === undefined) return same(world);
  return { world, effects: [{ kind: "scope.watch", id, uid: session.uid }] };
}
