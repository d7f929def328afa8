/** Whose session the peer of a connection may control. */

import { type Look, nearestSession } from "../core/belonging.ts";
import { canTakeDevices } from "../core/classes.ts";
import type { Session, World } from "../core/model.ts";
import type { Peer } from "../kernel/kernel.ts";

/** What the protocol can tell a client. */
const SEAT_MAX = 63;

/** No group is needed: where the kernel says that the peer is decides. Otherwise why not, in words that follow it. */
export function admit(world: World, look: Look, { pid, uid }: Peer): Session | string {
  const session = nearestSession(world, look, pid);
  if (session === null) return "is in no session";
  const { id, user } = session;
  if (session.uid !== uid && uid !== 0) return `is in session ${id}, which is ${user}'s`;
  if (session.stage.phase === "closing") return `is in session ${id}, which is closing`;
  if (session.seat === null) return `is in session ${id}, which has no seat`;
  if (new TextEncoder().encode(session.seat).length > SEAT_MAX)
    return `is on ${session.seat}, too long a name`;
  if (!canTakeDevices(session)) return `is in session ${id} of class ${session.class}, which has no devices`;
  return session;
}
