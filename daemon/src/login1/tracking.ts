/** Callers of the bus and what they name: sessions, seats and users. */

import type { Call } from "../bus/call.ts";
import { type Look, nearestSession, ownerOfProcess, sessionOfProcess } from "../core/belonging.ts";
import { seatOfSession } from "../core/display.ts";
import type { Session, Uid, User, World } from "../core/model.ts";
import type { Seat } from "../core/seat-model.ts";
import { seatOf } from "../core/seats.ts";
import { type Kernel, processOrNull } from "../kernel/kernel.ts";
import { noSessionForPid, noSuchSeat, noSuchSession, noSuchUser, noUserForPid } from "./errors.ts";

export class Tracker {
  readonly #kernel: Pick<Kernel, "process">;
  readonly #world: () => World;

  constructor(kernel: Pick<Kernel, "process">, world: () => World) {
    this.#kernel = kernel;
    this.#world = world;
  }

  sessionOf(pid: number | null): Session | null {
    return pid === null ? null : sessionOfProcess(this.#world(), this.#look, pid);
  }

  /** Whose slice the process is in, whoever it runs as. */
  ownerOf(pid: number | null): Uid | null {
    return pid === null ? null : ownerOfProcess(this.#world(), this.#look, pid);
  }

  /** The caller's session, or what stands for it: the display session of whose services the caller belongs to. */
  autoOf(pid: number | null): Session | null {
    return pid === null ? null : nearestSession(this.#world(), this.#look, pid);
  }

  readonly #look: Look = (pid) => processOrNull(this.#kernel, pid);
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
