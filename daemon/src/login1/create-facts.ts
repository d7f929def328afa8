/**
 * The arguments of CreateSession to facts, with its checks in its order: what is left is checked by the core. The bus
 * and Varlink ask the same and are answered in their own words.
 */

import type { Account, LeaderFacts, OpenFacts } from "../core/events.ts";
import { isDesktop, isUid, parseClass, parseType, parseVtName } from "../core/names.ts";
import type { AskedLimits } from "../core/session-limits.ts";
import type { ProcessFacts } from "../kernel/kernel.ts";

export interface CreateArguments {
  readonly uid: number;
  readonly service: string;
  readonly type: string;
  readonly class: string;
  readonly desktop: string;
  readonly seat: string;
  readonly vtnr: number;
  readonly tty: string;
  readonly display: string;
  readonly remote: boolean;
  readonly remoteUser: string;
  readonly remoteHost: string;
  readonly limits: AskedLimits;
}

/** What is known about the place where somebody logs in. */
export interface Surroundings {
  readonly seats: ReadonlySet<string>;
  readonly hasVts: boolean;
}

export interface Place {
  readonly seat: string | null;
  readonly vtnr: number;
}

/** Why there will be no session: something that does not exist, or an argument that cannot be used. */
export class Unfit extends Error {
  readonly problem: "invalid" | "no-such-seat" | "no-such-user";
  readonly argument: keyof CreateArguments | "leader";

  constructor(argument: Unfit["argument"], message: string, problem: Unfit["problem"] = "invalid") {
    super(message);
    this.argument = argument;
    this.problem = problem;
  }
}

const VT_MAX = 63;

/** Throws Unfit. */
export function checkArguments(given: CreateArguments, around: Surroundings): Place {
  if (!isUid(given.uid)) throw new Unfit("uid", `user id ${given.uid} names nobody`);
  if (given.type !== "" && parseType(given.type) === null)
    throw new Unfit("type", `session type ${JSON.stringify(given.type)} is unknown`);
  if (given.class !== "" && parseClass(given.class) === null)
    throw new Unfit("class", `session class ${JSON.stringify(given.class)} is unknown`);
  if (!isDesktop(given.desktop))
    throw new Unfit("desktop", `desktop name ${JSON.stringify(given.desktop)} cannot be used`);
  if (given.seat !== "" && !around.seats.has(given.seat))
    throw new Unfit("seat", `there is no seat ${JSON.stringify(given.seat)}`, "no-such-seat");
  return choosePlace(given, around);
}

function choosePlace(given: CreateArguments, { hasVts }: Surroundings): Place {
  const tty = given.tty.startsWith("/dev/") ? given.tty.slice("/dev/".length) : given.tty;
  const named = parseVtName(tty);
  let { seat, vtnr } = given;
  if (named !== null) {
    if (seat === "") seat = "seat0";
    else if (seat !== "seat0") throw new Unfit("seat", `${tty} is on seat0, not on ${seat}`);
    if (vtnr === 0) vtnr = named;
    else if (vtnr !== named) throw new Unfit("vtnr", `${tty} is not virtual terminal ${vtnr}`);
  } else if (tty === "console") {
    if (seat === "") seat = "seat0";
    else if (seat !== "seat0") throw new Unfit("seat", `the console is on seat0, not on ${seat}`);
    if (vtnr !== 0) throw new Unfit("vtnr", `the console is not virtual terminal ${vtnr}`);
  }
  const takesVt = seat === "seat0" && hasVts;
  if (takesVt && (vtnr < 1 || vtnr > VT_MAX))
    throw new Unfit("vtnr", `seat0 has no virtual terminal ${vtnr}`);
  if (!takesVt && vtnr !== 0) throw new Unfit("vtnr", `virtual terminal ${vtnr} on ${seat || "no seat"}`);
  return { seat: seat === "" ? null : seat, vtnr };
}

export function sessionFacts(given: CreateArguments, { seat, vtnr }: Place, account: Account): OpenFacts {
  return {
    uid: account.uid,
    gid: account.gid,
    user: account.name,
    groups: account.groups,
    service: given.service,
    tty: given.tty,
    display: given.display,
    remoteHost: given.remoteHost,
    remoteUser: given.remoteUser,
    asked: { type: given.type, class: given.class, desktop: given.desktop },
    hinted: { type: "", class: "", desktop: "", seat: "", vtnr: "", incomplete: "" },
    ttyVt: 0,
    told: { seat, vtnr, remote: given.remote },
    limits: given.limits,
  };
}

/** Who leads the session: neither process 1 nor the daemon. Throws Unfit. */
export function leaderFacts({ identity, session, sameNamespace }: ProcessFacts): LeaderFacts {
  const { pid } = identity;
  if (pid === 1 || pid === process.pid) throw new Unfit("leader", `process ${pid} cannot lead a session`);
  return { identity, insideSession: session, sameNamespace };
}
