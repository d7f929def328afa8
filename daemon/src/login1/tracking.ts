/**
 * Which session and which user a process belongs to: the session that it leads, then the one whose control group it
 * is in. The services of a user are in no session.
 */

import type { Call } from "../bus/call.ts";
import { displaySession, seatOfSession } from "../core/display.ts";
import type { Session, Uid, User, World } from "../core/model.ts";
import type { Seat } from "../core/seat-model.ts";
import { seatOf } from "../core/seats.ts";
import { type Kernel, KernelError, type ProcessFacts } from "../kernel/kernel.ts";
import { noSessionForPid, noSuchSeat, noSuchSession, noSuchUser, noUserForPid } from "./errors.ts";

/** How far up the parents are asked where sessions have no control group. */
const GENERATIONS = 64;
/** Callers may name greater ones, which no process can have. */
export const PID_MAX = 0x7fff_ffff;

export class Tracker {
  readonly #kernel: Pick<Kernel, "process">;
  readonly #world: () => World;

  constructor(kernel: Pick<Kernel, "process">, world: () => World) {
    this.#kernel = kernel;
    this.#world = world;
  }

  sessionOf(pid: number | null): Session | null {
    const facts = this.#look(pid);
    if (facts === null) return null;
    const led = this.#ledBy(facts);
    if (led !== null) return led;
    if (facts.session !== null) return this.#world().sessions.get(facts.session) ?? null;
    return this.#bare(facts.parent);
  }

  /** Whose slice the process is in, whoever it runs as. */
  ownerOf(pid: number | null): Uid | null {
    return this.#look(pid)?.owner ?? this.sessionOf(pid)?.uid ?? null;
  }

  /** The caller's session, or what stands for it: the display session of whose services the caller belongs to. */
  autoOf(pid: number | null): Session | null {
    const own = this.sessionOf(pid);
    if (own !== null) return own;
    const world = this.#world();
    const user = world.users.get(this.ownerOf(pid) ?? -1);
    return user === undefined ? null : displaySession(world, user);
  }

  #look(pid: number | null): ProcessFacts | null {
    if (pid === null || pid < 1 || pid > PID_MAX) return null;
    try {
      return this.#kernel.process(pid);
    } catch (error) {
      if (error instanceof KernelError) return null;
      throw error;
    }
  }

  #ledBy({ identity }: ProcessFacts): Session | null {
    const { leaders, sessions } = this.#world();
    const session = sessions.get(leaders.get(identity.pid) ?? "");
    return session?.leader.start === identity.start ? session : null;
  }

  /** A session without a control group has the descendants of its leader. */
  #bare(parent: number): Session | null {
    for (let pid = parent, steps = 0; pid > 1 && steps < GENERATIONS; steps++) {
      const facts = this.#look(pid);
      if (facts === null) return null;
      const led = this.#ledBy(facts);
      if (led !== null && !led.scope) return led;
      pid = facts.parent;
    }
    return null;
  }
}

/** "" and "self" are the caller's own session, "auto" stands in for it where there is none. */
export function sessionNamed(world: World, tracker: Tracker, call: Call, name: string): Session {
  const { pid } = call.caller;
  if (name === "" || name === "self" || name === "auto") {
    const found = name === "auto" ? tracker.autoOf(pid) : tracker.sessionOf(pid);
    if (found === null) throw noSessionForPid(`process ${pid ?? "?"} of the caller is in no session`);
    return found;
  }
  const session = world.sessions.get(name);
  if (session === undefined) throw noSuchSession(`there is no session ${JSON.stringify(name)}`);
  return session;
}

export function seatNamed(world: World, tracker: Tracker, call: Call, name: string): Seat {
  const own = name === "" || name === "self" || name === "auto";
  const id = own ? seatOfSession(sessionNamed(world, tracker, call, name)) : name;
  const seat = seatOf(world, id);
  if (seat === null) {
    throw noSuchSeat(
      id === null ? "the caller's session has no seat" : `there is no seat ${JSON.stringify(id)}`,
    );
  }
  return seat;
}

/** What stands for the user that the caller belongs to. */
const OWN = 4_294_967_295;

export function uidNamed(tracker: Tracker, call: Call, uid: number): Uid {
  if (uid !== OWN) return uid;
  const owner = tracker.ownerOf(call.caller.pid);
  if (owner === null)
    throw noUserForPid(`process ${call.caller.pid ?? "?"} of the caller belongs to no user`);
  return owner;
}

export function userNamed(world: World, tracker: Tracker, call: Call, name: number): User {
  const uid = uidNamed(tracker, call, name);
  const user = world.users.get(uid);
  if (user === undefined) throw noSuchUser(`user ${uid} is not logged in and does not linger`);
  return user;
}
