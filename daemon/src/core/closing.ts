/**
 * The end of a session. Its seat, its VT and its place among the leaders are free at once; its processes are left
 * alone unless the administrator or a terminate request says otherwise; it is gone when its scope is empty.
 *
 *   closing: none --terminate--> asked (TERM, HUP, CONT) --stop_timeout--> killed
 */

import type { Effect } from "./effects.ts";
import { dropImported } from "./environment.ts";
import type { Event } from "./events.ts";
import { sessionGone } from "./gettys.ts";
import { handover } from "./handover.ts";
import type { ClosingReason, Instant, Session, SessionId, Stage, World } from "./model.ts";
import { refuse } from "./opening.ts";
import { chain, publishes, type Step, same } from "./outcome.ts";
import { killsAtLogout } from "./policy.ts";
import { relinquish, uncontrolled } from "./relinquish.ts";
import { withoutSession } from "./seats.ts";
import { abandon } from "./takeover.ts";
import { refuseUpgrade } from "./upgrade.ts";
import { leave } from "./user.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;

const SIGHUP = 1;
const SIGTERM = 15;
const SIGCONT = 18;

/** How long a restarted daemon waits for a module that asks again for its lifetime fd. */
const RESUME_GRACE_MS = 3000;

const BUSY_PAUSE_MS = 1000;
const LOOK_AT_ONCE = 100;

function stopTimer(id: SessionId): string {
  return `stop/${id}`;
}

function resumeTimer(id: SessionId): string {
  return `resume/${id}`;
}

export function runtimeTimer(id: SessionId): string {
  return `runtime/${id}`;
}

/** Begins the end of an opening or running session. Who waits for an opening one is told why it will not be. */
export function close(
  world: World,
  session: Session,
  at: Instant,
  reason: ClosingReason,
  why = `session ${session.id} ended while it was being opened (${reason})`,
): Step {
  if (session.stage.phase === "closing") return same(world);
  const kills = reason === "terminated" || killsAtLogout(world.policy, session);
  const stage: Stage = { phase: "closing", reason, since: at.realtime, stop: kills ? "asked" : "none" };
  const closing: Session = { ...uncontrolled(session), lifetime: false, stage };
  const leads = world.leaders.get(session.leader.pid) === session.id;
  const next: World = {
    ...withoutSession(world, session.seat, session.id),
    sessions: world.sessions.with(session.id, closing),
    leaders: leads ? world.leaders.without(session.leader.pid) : world.leaders,
  };
  const asker = session.stage.phase === "opening" ? session.stage.requester : null;
  const freed = chain(
    next,
    (now) => ({ world: now, effects: [{ kind: "session.save", session: closing, answer: false }] }),
    (now) => leaveSeat(now, session),
  );
  return chain(
    world,
    () => freed,
    (now) => ({ world: now, effects: closingEffects(now, closing, kills, publishes(freed)) }),
    (now) => (session.vtnr === 0 ? same(now) : sessionGone(now, session.vtnr, at)),
    (now) => dropImported(now, session.uid, session.id),
    (now) => refuseUpgrade(now, session.id),
    (now) => (asker === null ? same(now) : refuse(now, asker, "failed", why)),
  );
}

/** What it had of its seat goes before anything else happens, and somebody else may be in the foreground. */
function leaveSeat(world: World, session: Session): Step {
  const { id, seat } = session;
  if (seat === null && session.control === null) return same(world);
  return chain(
    world,
    (now) => abandon(now, (_takeover, each) => each === id, `session ${id} is closing`),
    (now) => relinquish(now, session, "taken"),
    (now) => handover(now, seat),
  );
}

/** published: that it is closing is known already. */
function closingEffects(world: World, session: Session, kills: boolean, published: boolean): Effect[] {
  const { id, uid } = session;
  const effects: Effect[] = [{ kind: "lifetime.drop", id }, cancelRetry(session)];
  if (session.runtimeMax !== null) effects.push({ kind: "timer.cancel", timer: runtimeTimer(id) });
  if (kills) effects.push(...askToEnd(world, session));
  if (!published) effects.push({ kind: "publish" });
  if (!awaitsLeader(session)) effects.push({ kind: "leader.unwatch", id }, { kind: "scope.watch", id, uid });
  return effects;
}

/**
 * A leader inside its own pam_close_session is in the scope and watched already: until it exits, or enters another
 * session's scope, the scope need not be watched as well.
 */
function awaitsLeader({ stage, scope }: Session): boolean {
  return scope && stage.phase === "closing" && stage.reason === "logout" && stage.stop === "none";
}

/** A leader that is still inside its own pam_close_session is spared until the time is over. */
export function askToEnd(world: World, session: Session): Effect[] {
  const { id, uid } = session;
  const spared =
    session.stage.phase === "closing" && session.stage.reason === "logout" ? session.leader.pid : 0;
  return [
    { kind: "scope.signal", id, uid, signal: SIGTERM, except: spared },
    { kind: "scope.signal", id, uid, signal: SIGHUP, except: spared },
    { kind: "scope.signal", id, uid, signal: SIGCONT, except: spared },
    { kind: "timer.set", timer: stopTimer(id), afterMs: world.policy.stopTimeoutMs },
  ];
}

export function leaderExited(world: World, event: Of<"leader.exited">): Step {
  const session = world.sessions.get(event.id);
  if (session === undefined) return same(world);
  if (session.stage.phase === "closing") return watchScope(world, session);
  const why = `process ${session.leader.pid}, the leader of session ${session.id}, is gone`;
  return close(world, session, event.at, "leader-exited", why);
}

export function watchScope(world: World, { id, uid }: Session): Step {
  return { world, effects: [{ kind: "scope.watch", id, uid }] };
}

/**
 * The FIFO is at its end: the leader has dropped the session without a word, or it has executed another program
 * (a login that becomes the shell), and then its life alone counts.
 */
export function lifetimeEnded(world: World, event: Of<"lifetime.ended">): Step {
  const session = world.sessions.get(event.id);
  if (session === undefined || session.stage.phase === "closing") return same(world);
  const becameAnother = event.executable !== "" && event.executable !== session.leader.executable;
  if (!becameAnother || session.stage.phase === "opening") {
    return close(world, session, event.at, "lifetime-ended");
  }
  return followLeader(world, session);
}

/** From now on the session lives exactly as long as its leader. */
export function followLeader(world: World, session: Session): Step {
  const alone: Session = { ...session, lifetime: false };
  return {
    world: { ...world, sessions: world.sessions.with(session.id, alone) },
    effects: [
      { kind: "session.save", session: alone, answer: false },
      { kind: "lifetime.drop", id: session.id },
    ],
  };
}

/** After a restart: nobody holds the FIFO, the leader lives on and may be about to ask for its fd again. */
export function awaitRetry(world: World, session: Session): Step {
  return {
    world,
    effects: [{ kind: "timer.set", timer: resumeTimer(session.id), afterMs: RESUME_GRACE_MS }],
  };
}

/** The module has asked again, or need not. */
export function cancelRetry(session: Session): Effect {
  return { kind: "timer.cancel", timer: resumeTimer(session.id) };
}

/** Nobody asked again in time. */
export function retryOver(world: World, id: SessionId, at: Instant): Step {
  const session = world.sessions.get(id);
  if (session?.stage.phase !== "running" || session.lifetime) return same(world);
  return close(world, session, at, "lifetime-ended");
}

/** What was asked to end has had its time. */
export function stopOver(world: World, id: SessionId): Step {
  const session = world.sessions.get(id);
  if (session?.stage.phase !== "closing" || session.stage.stop !== "asked") return same(world);
  return kill(world, session, session.stage);
}

/**
 * A notification may get lost; a session must not stay closing for that. Looks at some of them, after the id given,
 * and answers the last id it came to, or "" at the end: with thousands of them the daemon must not stop for long.
 */
export function lookAgain(
  world: World,
  after: SessionId,
): { readonly effects: Effect[]; readonly last: SessionId } {
  const closing = [...world.sessions.values()]
    .filter((session) => session.stage.phase === "closing" && Number(session.id) > Number(after))
    .sort((a, b) => Number(a.id) - Number(b.id));
  const some = closing.slice(0, LOOK_AT_ONCE);
  const effects = some.flatMap(({ id, uid, stage }): Effect[] => {
    const killed = stage.phase === "closing" && stage.stop === "killed";
    const watch: Effect = { kind: "scope.watch", id, uid };
    return killed ? [{ kind: "scope.kill", id, uid }, watch] : [watch];
  });
  return { effects, last: closing.length > some.length ? (some.at(-1)?.id ?? "") : "" };
}

function kill(world: World, session: Session, stage: Extract<Stage, { phase: "closing" }>): Step {
  const killed: Session = { ...session, stage: { ...stage, stop: "killed" } };
  return {
    world: { ...world, sessions: world.sessions.with(session.id, killed) },
    effects: [
      {
        kind: "log",
        level: "info",
        message: `session ${session.id} of ${session.user} did not end in time: killed`,
      },
      { kind: "scope.kill", id: session.id, uid: session.uid },
    ],
  };
}

export function scopeEmptied(world: World, event: Of<"scope.emptied">): Step {
  const session = world.sessions.get(event.id);
  if (session?.stage.phase !== "closing") return same(world);
  return { world, effects: [{ kind: "scope.remove", id: session.id, uid: session.uid }] };
}

/** Not at once: a group that cannot be removed though it is empty must not keep the daemon busy. */
export function scopeBusy(world: World, event: Of<"scope.busy">): Step {
  return { world, effects: [{ kind: "timer.set", timer: `busy/${event.id}`, afterMs: BUSY_PAUSE_MS }] };
}

export function busyOver(world: World, id: SessionId): Step {
  const session = world.sessions.get(id);
  return session?.stage.phase === "closing" ? watchScope(world, session) : same(world);
}

export function scopeRemoved(world: World, event: Of<"scope.removed">): Step {
  const session = world.sessions.get(event.id);
  return session?.stage.phase === "closing" ? forget(world, session, event.at) : same(world);
}

/** The last step: nothing of the session is left but its record. */
function forget(world: World, session: Session, at: Instant): Step {
  const leads = world.leaders.get(session.leader.pid) === session.id;
  const next: World = {
    ...withoutSession(world, session.seat, session.id),
    sessions: world.sessions.without(session.id),
    leaders: leads ? world.leaders.without(session.leader.pid) : world.leaders,
  };
  const effects: Effect[] = [
    { kind: "timer.cancel", timer: stopTimer(session.id) },
    { kind: "leader.unwatch", id: session.id },
    { kind: "session.erase", id: session.id },
    { kind: "publish" },
  ];
  return chain(
    next,
    (now) => ({ world: now, effects }),
    (now) => leave(now, session, at),
  );
}
