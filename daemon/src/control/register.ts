/**
 * A session without PAM. Who asks is what the kernel says of the connection; what is asked is believed of root and,
 * of everybody else, only as far as the kernel confirms it: the own user, the own or the parent process, that
 * process's controlling terminal.
 */

import type { Account, Caller, Event, LeaderFacts, OpenFacts } from "../core/events.ts";
import { isUid } from "../core/names.ts";
import { NOTHING_ASKED } from "../core/session-limits.ts";
import { type Kernel, KernelError, type Peer, type ProcessFacts } from "../kernel/kernel.ts";
import { type Failure, invalidParameter, permissionDenied } from "../varlink/errors.ts";
import { failed } from "./errors.ts";
import type { Parameters } from "./interface.ts";

type Wanted = Parameters<"Register">;
type Registration = Omit<Extract<Event, { kind: "session.openRequested" }>, "requester" | "at">;
type Eyes = Pick<Kernel, "process" | "ttyVt">;

/** What others than root may register: sessions that take no slot kept free for root and stand for no program. */
const OPEN_CLASSES: ReadonlySet<string> = new Set([
  "",
  "user",
  "user-light",
  "background",
  "background-light",
]);

/** The user that a call is about, the caller if it names none; or why not that one. */
export function userOf(wanted: Pick<Wanted, "uid">, peer: Peer): number | Failure {
  const uid = wanted.uid ?? peer.uid;
  if (!isUid(uid)) return invalidParameter("uid");
  return uid === peer.uid || peer.uid === 0 ? uid : permissionDenied;
}

/** The event for the core, or the answer to a request that cannot become one. */
export function registration(wanted: Wanted, peer: Peer, user: Account, eyes: Eyes): Registration | Failure {
  const process = findLeader(wanted, peer, eyes);
  if (!("identity" in process)) return process;
  if (peer.uid !== 0) {
    const denied = refuseClaims(wanted, process);
    if (denied !== null) return denied;
  }
  const tty = wanted.tty ?? process.terminal;
  const { identity, session: insideSession, sameNamespace } = process;
  const leader: LeaderFacts = { identity, insideSession, sameNamespace };
  return {
    kind: "session.openRequested",
    facts: { ...facts(wanted, peer, user), tty, ttyVt: tty === "" ? 0 : eyes.ttyVt(tty) },
    leader,
    nonce: "",
    lifetime: wanted.holder,
  };
}

function facts(wanted: Wanted, peer: Peer, user: Account): Omit<OpenFacts, "tty" | "ttyVt"> {
  return {
    uid: user.uid,
    gid: user.gid,
    user: user.name,
    groups: user.uid === peer.uid ? peer.groups : user.groups,
    service: wanted.service ?? "",
    display: "",
    remoteHost: wanted.remoteHost ?? "",
    remoteUser: wanted.remoteUser ?? "",
    asked: { type: wanted.type ?? "", class: wanted.class ?? "", desktop: wanted.desktop ?? "" },
    hinted: { type: "", class: "", desktop: "", seat: "", vtnr: "", incomplete: "" },
    told: null,
    limits: NOTHING_ASKED,
  };
}

function findLeader(wanted: Wanted, peer: Peer, eyes: Eyes): ProcessFacts | Failure {
  if (wanted.holder && wanted.leader !== null && wanted.leader !== undefined && wanted.leader !== peer.pid) {
    return invalidParameter("leader");
  }
  try {
    const caller = eyes.process(peer.pid);
    const pid = wanted.holder ? peer.pid : (wanted.leader ?? caller.parent);
    if (!Number.isInteger(pid) || pid <= 1) return invalidParameter("leader");
    const leader = pid === peer.pid ? caller : eyes.process(pid);
    if (peer.uid === 0) return leader;
    const related = pid === peer.pid || pid === caller.parent;
    return related && leader.uid === peer.uid ? leader : permissionDenied;
  } catch (error) {
    if (error instanceof KernelError) return failed(`find the leader of the session: ${error.message}`);
    throw error;
  }
}

function refuseClaims(wanted: Wanted, leader: ProcessFacts): Failure | null {
  if ((wanted.service ?? "") !== "" || (wanted.remoteHost ?? "") !== "" || (wanted.remoteUser ?? "") !== "") {
    return permissionDenied;
  }
  if (!OPEN_CLASSES.has(wanted.class ?? "")) return permissionDenied;
  const tty = (wanted.tty ?? "").replace(/^\/dev\//, "");
  return tty === "" || tty === leader.terminal ? null : permissionDenied;
}

export function callerOf(peer: Peer): Caller {
  return { uid: peer.uid, pid: peer.pid };
}
