/**
 * Which session and which user a process belongs to: the session that it leads, then the one whose control group it
 * is in. The services of a user are in no session.
 */

import { displaySession } from "./display.ts";
import type { ProcessIdentity, Session, SessionId, Uid, World } from "./model.ts";

/** What of a process tells where it belongs. */
export interface Whereabouts {
  readonly identity: ProcessIdentity;
  readonly parent: number;
  /** By its control group; null if none. */
  readonly session: SessionId | null;
  /** The user whose slice it is in; null if in none. */
  readonly owner: Uid | null;
}

/** null if there is no such process. */
export type Look = (pid: number) => Whereabouts | null;

/** How far up the parents are asked where sessions have no control group. */
const GENERATIONS = 64;

export function sessionOfProcess(world: World, look: Look, pid: number): Session | null {
  const found = look(pid);
  if (found === null) return null;
  const led = ledBy(world, found);
  if (led !== null) return led;
  if (found.session !== null) return world.sessions.get(found.session) ?? null;
  return bareSession(world, look, found.parent);
}

/** Whose slice the process is in, whoever it runs as. */
export function ownerOfProcess(world: World, look: Look, pid: number): Uid | null {
  return look(pid)?.owner ?? sessionOfProcess(world, look, pid)?.uid ?? null;
}

/** The process's session, or what stands for it: the display session of the user whose service it is. */
export function nearestSession(world: World, look: Look, pid: number): Session | null {
  const own = sessionOfProcess(world, look, pid);
  if (own !== null) return own;
  const user = world.users.get(ownerOfProcess(world, look, pid) ?? -1);
  return user === undefined ? null : displaySession(world, user);
}

function ledBy({ leaders, sessions }: World, { identity }: Whereabouts): Session | null {
  const session = sessions.get(leaders.get(identity.pid) ?? "");
  return session?.leader.start === identity.start ? session : null;
}

/** A session without a control group has the descendants of its leader. */
function bareSession(world: World, look: Look, parent: number): Session | null {
  for (let pid = parent, steps = 0; pid > 1 && steps < GENERATIONS; steps++) {
    const found = look(pid);
    if (found === null) return null;
    const led = ledBy(world, found);
    if (led !== null && !led.scope) return led;
    pid = found.parent;
  }
  return null;
}
