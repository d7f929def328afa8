/**
 * From what a login program says to what the session is: type, class, seat, VT and remoteness. Only facts give a
 * seat: the tty's own device, or the word of a service that the administrator trusts. Everything a user could have
 * written into the PAM environment may lower a session's standing and never raise it.
 */

import type { Policy } from "./configuration.ts";
import type { OpenFacts } from "./events.ts";
import type { SessionClass, SessionType } from "./model.ts";
import {
  isDesktop,
  isGroupList,
  isPrintable,
  isRemote,
  isUid,
  isUserName,
  LONGEST_TEXT,
  parseClass,
  parseType,
  parseVtnr,
} from "./names.ts";
import { SEAT0 } from "./seats.ts";

export interface Intake {
  readonly type: SessionType;
  readonly class: SessionClass;
  readonly desktop: string;
  readonly seat: string | null;
  readonly vtnr: number;
  readonly tty: string;
  readonly display: string;
  readonly remote: boolean;
  /** A login of its own even when the login program was started from inside a session, as a daemon restarted by hand. */
  readonly fresh: boolean;
}

/** Classes in the order of their standing. An untrusted PAM environment may move a session down in it, never up. */
const STANDING: readonly SessionClass[] = [
  "background-light",
  "background",
  "user-light",
  "user",
  "user-early",
];

/** The PAM service under which a user's service manager runs. */
export const MANAGER_SERVICE = "sessionman-user";

const FIRST_ORDINARY_UID = 1000;

/** What a login can be on: which seats there are. */
type Seats = (id: string) => boolean;

/** The intake, or a sentence that says what is wrong with the request. */
export function readIntake(facts: OpenFacts, policy: Policy, seats: Seats): Intake | string {
  const wrong = findFault(facts);
  if (wrong !== null) return wrong;
  const terminal = readTerminal(facts);
  const remote = isRemote(facts.remoteHost);
  if (facts.told !== null) return readTold(facts, facts.told, terminal, seats);
  const trusted = facts.remoteHost === "" && policy.trustedServices.includes(facts.service);
  const place = remote ? NOWHERE : choosePlace(facts, trusted, seats);
  if (typeof place === "string") return place;
  return {
    type: chooseType(facts, terminal, true),
    class: chooseClass(facts, terminal, trusted),
    desktop: facts.hinted.desktop !== "" ? facts.hinted.desktop : facts.asked.desktop,
    ...place,
    tty: terminal.tty,
    display: terminal.display,
    remote,
    fresh: remote || trusted || terminal.kind !== "line",
  };
}

/** Over the bus root has said it all, and knows nothing of a PAM environment. Remote means no seat, whoever says so. */
function readTold(
  facts: OpenFacts,
  told: NonNullable<OpenFacts["told"]>,
  terminal: Terminal,
  seats: Seats,
): Intake | string {
  const { seat, vtnr } = told.remote ? NOWHERE : told;
  if (seat !== null && !seats(seat)) return `seat ${JSON.stringify(seat)} does not exist`;
  if (vtnr !== 0 && (seat !== SEAT0 || parseVtnr(String(vtnr)) === null))
    return `virtual terminal ${vtnr} is not one of 1 to 63 of seat0`;
  const type = chooseType(facts, terminal, false);
  return {
    type,
    class: parseClass(facts.asked.class) ?? (type === "unspecified" ? "background" : "user"),
    desktop: facts.asked.desktop,
    seat,
    vtnr,
    tty: terminal.tty,
    display: terminal.display,
    remote: told.remote,
    fresh: false,
  };
}

function findFault(facts: OpenFacts): string | null {
  if (!isUid(facts.uid)) return `user id ${facts.uid} names nobody`;
  if (!isUid(facts.gid)) return `group id ${facts.gid} names no group`;
  if (!isUserName(facts.user)) return `user name ${JSON.stringify(facts.user)} cannot be used`;
  if (!isGroupList(facts.groups)) return "the list of groups has an entry that is no group id";
  return (
    faultInText("service", facts.service) ??
    faultInText("tty", facts.tty) ??
    faultInText("display", facts.display) ??
    faultInText("remote host", facts.remoteHost) ??
    faultInText("remote user", facts.remoteUser) ??
    faultInWish(facts.asked) ??
    faultInWish(facts.hinted)
  );
}

function faultInText(what: string, text: string): string | null {
  if (!isPrintable(text)) return `the ${what} has unprintable characters`;
  return text.length > LONGEST_TEXT ? `the ${what} is longer than ${LONGEST_TEXT} characters` : null;
}

function faultInWish({ type, class: kind, desktop }: OpenFacts["asked"]): string | null {
  if (type !== "" && parseType(type) === null) return `session type ${JSON.stringify(type)} is unknown`;
  if (kind !== "" && parseClass(kind) === null) return `session class ${JSON.stringify(kind)} is unknown`;
  return isDesktop(desktop) ? null : `desktop name ${JSON.stringify(desktop)} cannot be used`;
}

interface Terminal {
  readonly kind: "line" | "cron" | "ssh";
  readonly tty: string;
  readonly display: string;
}

/** PAM_TTY is a line, an X display (with a colon), or the bare name of a service that has none. */
function readTerminal(facts: OpenFacts): Terminal {
  const tty = facts.tty.startsWith("/dev/") ? facts.tty.slice("/dev/".length) : facts.tty;
  if (tty.includes(":"))
    return { kind: "line", tty: "", display: facts.display !== "" ? facts.display : tty };
  if (tty === "cron" || tty === "ssh") return { kind: tty, tty: "", display: facts.display };
  return { kind: "line", tty, display: facts.display };
}

/** believed: whether the PAM environment's type counts. */
function chooseType(facts: OpenFacts, terminal: Terminal, believed: boolean): SessionType {
  if (facts.service === MANAGER_SERVICE || terminal.kind === "cron") return "unspecified";
  if (terminal.kind === "ssh") return "tty";
  const given = (believed ? parseType(facts.hinted.type) : null) ?? parseType(facts.asked.type);
  if (given !== null) return given;
  if (terminal.display !== "") return "x11";
  return terminal.tty !== "" ? "tty" : "unspecified";
}

function chooseClass(facts: OpenFacts, terminal: Terminal, trusted: boolean): SessionClass {
  if (facts.service === MANAGER_SERVICE) return "manager";
  if (terminal.kind === "cron") return "background";
  const given = parseClass(facts.asked.class) ?? defaultClass(facts, chooseType(facts, terminal, trusted));
  const hinted = parseClass(facts.hinted.class);
  if (hinted !== null && (trusted || isBelow(hinted, given))) return hinted;
  const incomplete = trusted && ["1", "yes", "true", "on"].includes(facts.hinted.incomplete);
  return incomplete && given === "user" ? "user-incomplete" : given;
}

function isBelow(one: SessionClass, other: SessionClass): boolean {
  return STANDING.includes(one) && STANDING.indexOf(one) < STANDING.indexOf(other);
}

function defaultClass(facts: OpenFacts, type: SessionType): SessionClass {
  if (type === "unspecified") return "background";
  return type === "tty" && facts.uid < FIRST_ORDINARY_UID ? "user-early" : "user";
}

interface Place {
  readonly seat: string | null;
  readonly vtnr: number;
}

const NOWHERE: Place = { seat: null, vtnr: 0 };

function choosePlace(facts: OpenFacts, trusted: boolean, seats: Seats): Place | string {
  const here = facts.ttyVt > 0 ? { seat: SEAT0, vtnr: facts.ttyVt } : NOWHERE;
  if (!trusted || (facts.hinted.seat === "" && facts.hinted.vtnr === "")) return here;
  const seat = facts.hinted.seat !== "" ? facts.hinted.seat : SEAT0;
  if (!seats(seat)) return `seat ${JSON.stringify(seat)} does not exist`;
  const { vtnr } = facts.hinted;
  if (vtnr === "" || vtnr === "0") return { seat, vtnr: seat === SEAT0 ? facts.ttyVt : 0 };
  const vt = parseVtnr(vtnr);
  return vt === null || seat !== SEAT0
    ? `virtual terminal ${JSON.stringify(vtnr)} is not one of 1 to 63 of ${SEAT0}`
    : { seat, vtnr: vt };
}
