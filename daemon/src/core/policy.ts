/** May this caller do this? */

import type { Policy, Services } from "./configuration.ts";
import type { Refusal } from "./effects.ts";
import type { Account, Caller } from "./events.ts";
import type { Inhibitor, Session, SessionClass, Uid } from "./model.ts";
import { isUserName } from "./names.ts";

/** Slots at the end of sessions_max that only root, greeters and managers may take. */
const RESERVED_SLOTS = 64;

export const INHIBITORS_MAX = 8192;
const INHIBITORS_MAX_PER_USER = 256;
/** Slots at the end of them for root, so that users together cannot keep the system's own programs out. */
const RESERVED_INHIBITORS = 128;

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

/** Null, or a sentence that says which limit one more of this user would break. */
export function overInhibitorLimit(uid: Uid, inhibitors: readonly Inhibitor[]): string | null {
  const most = uid === 0 ? INHIBITORS_MAX : INHIBITORS_MAX - RESERVED_INHIBITORS;
  if (inhibitors.length >= most) return `there are ${inhibitors.length} inhibitors`;
  const own = uid === 0 ? 0 : inhibitors.filter((inhibitor) => inhibitor.uid === uid).length;
  return own >= INHIBITORS_MAX_PER_USER ? `user ${uid} has ${own} inhibitors` : null;
}

/** Whether a logout ends the processes that the session leaves behind. */
export function killsAtLogout(policy: Policy, session: Session): boolean {
  if (!policy.killUserProcesses || policy.killExcludeUsers.includes(session.user)) return false;
  return policy.killOnlyUsers.length === 0 || policy.killOnlyUsers.includes(session.user);
}

/** Null, or why the user's lingering may not be turned on or off. */
export function lingerRefusal(
  policy: Policy,
  caller: Caller,
  user: Account,
  wanted: Pick<Required<Services>, "linger"> & { readonly enabled: boolean },
): { readonly refusal: Refusal; readonly message: string } | null {
  const { uid, name } = user;
  if (!mayControl(caller, uid)) {
    return {
      refusal: "not-allowed",
      message: `only root and ${name} may turn the lingering of ${name} on or off`,
    };
  }
  if (wanted.enabled && caller.uid !== 0 && !policy.services.selfLinger) {
    return {
      refusal: "not-allowed",
      message: "only root may turn lingering on (user_services.self_linger)",
    };
  }
  // a file is named after the uid and holds the name: one that looks like a uid would be taken for one by people
  if (!isUserName(name) || /^[0-9]+$/.test(name)) {
    return { refusal: "invalid", message: `a user with the name ${JSON.stringify(name)} cannot linger` };
  }
  if (wanted.enabled && wanted.linger === "no") {
    return {
      refusal: "invalid",
      message: `the configuration does not let ${name} linger (user_services.linger)`,
    };
  }
  return null;
}
