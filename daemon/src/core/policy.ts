/** May this caller do this? */

import type { Caller } from "./events.ts";
import type { Policy, Session, SessionClass, Uid } from "./model.ts";

/** Slots at the end of sessions_max that only root, greeters and managers may take. */
const RESERVED_SLOTS = 64;

/** Root may do everything, everybody else what concerns only their own sessions. */
export function mayControl(caller: Caller, owner: Uid): boolean {
  return caller.uid === 0 || caller.uid === owner;
}

/** Null, or a sentence that says which limit is reached. */
export function overLimit(
  policy: Policy,
  uid: Uid,
  wanted: SessionClass,
  counts: { readonly all: number; readonly ofUser: number },
): string | null {
  const privileged = uid === 0 || wanted === "greeter" || wanted === "manager" || wanted === "manager-early";
  const reserved = privileged ? 0 : Math.min(RESERVED_SLOTS, Math.floor(policy.sessionsMax / 8));
  if (counts.all >= policy.sessionsMax - reserved) return `sessions_max (${policy.sessionsMax}) is reached`;
  if (counts.ofUser >= policy.sessionsMaxPerUser) {
    return `sessions_max_per_user (${policy.sessionsMaxPerUser}) is reached for user ${uid}`;
  }
  return null;
}

/** Whether a logout ends the processes that the session leaves behind. */
export function killsAtLogout(policy: Policy, session: Session): boolean {
  if (!policy.killUserProcesses || policy.killExcludeUsers.includes(session.user)) return false;
  return policy.killOnlyUsers.length === 0 || policy.killOnlyUsers.includes(session.user);
}
