/** A session's record as bytes and back. */

import type { Limits } from "../core/configuration.ts";
import {
  type Control,
  type ProcessIdentity,
  SEATD,
  type Session,
  type SessionId,
  type Stage,
} from "../core/model.ts";
import {
  isBusGuid,
  isClientNumber,
  isSeatName,
  isSessionId,
  isUid,
  isUniqueName,
  isUserName,
  parseClass,
  parseType,
} from "../core/names.ts";
import {
  type Checksum,
  envelope,
  type Fields,
  isFields,
  isNumber,
  isPid,
  isText,
  openEnvelope,
  parseInstant,
} from "./envelope.ts";
import { parseDevices } from "./render-seat.ts";

export function renderSession(session: Session, boot: string, checksum: Checksum): string {
  return envelope(session, boot, checksum);
}

export function parseSession(id: SessionId, text: string, boot: string, checksum: Checksum): Session | null {
  const record = openEnvelope(text, boot, checksum);
  if (record === null || record.id !== id || !isSessionId(id)) return null;
  const stage = parseStage(record.stage);
  const leader = parseIdentity(record.leader);
  const created = parseInstant(record.created);
  const type = isText(record.type) ? parseType(record.type) : null;
  const kind = isText(record.class) ? parseClass(record.class) : null;
  if (stage === null || leader === null || created === null || type === null || kind === null) return null;
  if (!isNumber(record.uid) || !isUid(record.uid) || !isText(record.user) || !isUserName(record.user))
    return null;
  const { seat } = record;
  if (seat !== null && (!isText(seat) || !isSeatName(seat))) return null;
  if (!isNumber(record.vtnr) || !Number.isInteger(record.vtnr) || record.vtnr < 0 || record.vtnr > 63)
    return null;
  const { desktop, service, tty, display, remoteHost, remoteUser, nonce } = record;
  if (!isText(desktop) || !isText(service) || !isText(tty) || !isText(display)) return null;
  if (!isText(remoteHost) || !isText(remoteUser) || !isText(nonce)) return null;
  const known = parseKnown(record);
  if (known === null) return null;
  const { remote, scope, lifetime } = record;
  if (typeof remote !== "boolean" || typeof scope !== "boolean" || typeof lifetime !== "boolean") return null;
  return {
    id,
    uid: record.uid,
    user: record.user,
    type,
    class: kind,
    desktop,
    service,
    seat,
    vtnr: record.vtnr,
    tty,
    display,
    remote,
    remoteHost,
    remoteUser,
    leader,
    created,
    nonce,
    scope,
    lifetime,
    ...known,
    stage,
  };
}

type Known = Pick<
  Session,
  "lockedHint" | "idleHint" | "idleSince" | "control" | "limits" | "runtimeMax" | "position" | "devices"
>;

/** Absent in the record of a daemon that did not know of them. */
function parseKnown(record: Fields): Known | null {
  const {
    lockedHint = false,
    idleHint = false,
    idleSince = null,
    control = null,
    runtimeMax = null,
    position = 0,
    devices = [],
  } = record;
  if (typeof lockedHint !== "boolean" || typeof idleHint !== "boolean") return null;
  const since = idleSince === null ? null : parseInstant(idleSince);
  if (idleSince !== null && since === null) return null;
  const parsed = control === null ? null : parseControl(control);
  if (control !== null && parsed === null) return null;
  const limits = parseLimits(record.limits ?? {});
  if (limits === null || (runtimeMax !== null && !(isNumber(runtimeMax) && runtimeMax > 0))) return null;
  const taken = parseDevices(devices);
  if (!isPosition(position) || taken === null) return null;
  const said = { lockedHint, idleHint, idleSince: since, control: parsed };
  return { ...said, limits, runtimeMax, position, devices: taken };
}

const LIMITS = ["memory.max", "memory.high", "pids.max", "cpu.weight", "io.weight"] as const;

function parseLimits(value: unknown): Limits | null {
  if (!isFields(value)) return null;
  const given = LIMITS.flatMap((key) => (value[key] === undefined ? [] : [[key, value[key]] as const]));
  return given.every(([, text]) => isText(text)) ? (Object.fromEntries(given) as Limits) : null;
}

function parseControl(value: unknown): Control | null {
  if (!isFields(value) || !isPid(value.pid) || !isNumber(value.uid) || !isUid(value.uid)) return null;
  // an older daemon knew neither of them
  const { name, bus, uid, pid, seat = "enabled", vt = false } = value;
  const originalType = isText(value.originalType) ? parseType(value.originalType) : null;
  if (!isText(name) || !isText(bus) || originalType === null || typeof vt !== "boolean") return null;
  const known = bus === SEATD ? isClientNumber(name) : isBusGuid(bus) && isUniqueName(name);
  if (!known || (seat !== "enabled" && seat !== "disabling" && seat !== "disabled")) return null;
  return { name, bus, uid, pid, originalType, seat, vt };
}

function isPosition(value: unknown): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff;
}

const REASONS: ReadonlySet<unknown> = new Set([
  "logout",
  "leader-exited",
  "lifetime-ended",
  "terminated",
  "deregistered",
  "interrupted",
]);
const STOPS: ReadonlySet<unknown> = new Set(["none", "asked", "killed"]);

function parseStage(value: unknown): Stage | null {
  if (!isFields(value)) return null;
  if (value.phase === "running") return { phase: "running" };
  if (value.phase !== "closing" || !REASONS.has(value.reason) || !STOPS.has(value.stop)) return null;
  return isNumber(value.since) ? (value as unknown as Stage) : null;
}

function parseIdentity(value: unknown): ProcessIdentity | null {
  if (!isFields(value) || !isPid(value.pid)) return null;
  const { pid, start, inode, executable } = value;
  return isText(start) && isText(inode) && isText(executable) ? { pid, start, inode, executable } : null;
}
