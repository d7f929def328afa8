/**
 * Records as bytes and back. A record is one JSON document with a checksum over its own text, the boot it belongs
 * to and the format's number; whatever does not read back exactly as it was written counts as damaged.
 */

import type { Instant, ProcessIdentity, Session, SessionId, Stage, User } from "../core/model.ts";
import {
  isGroupList,
  isPrintable,
  isSessionId,
  isUid,
  isUserName,
  parseClass,
  parseType,
} from "../core/names.ts";

const FORMAT = 1;

/** No record of ours comes near it; a longer file is not read. */
export const RECORD_MAX = 65536;

export type Checksum = (text: string) => number;

export function renderSession(session: Session, boot: string, checksum: Checksum): string {
  return envelope(session, boot, checksum);
}

export function renderUser(user: User, boot: string, checksum: Checksum): string {
  const { uid, gid, name, groups, created } = user;
  return envelope({ uid, gid, name, groups, created }, boot, checksum);
}

function envelope(record: object, boot: string, checksum: Checksum): string {
  const text = JSON.stringify(record);
  return `{"format":${FORMAT},"boot":${JSON.stringify(boot)},"checksum":${checksum(text)},"record":${text}}\n`;
}

type Fields = { readonly [key: string]: unknown };

/** The record inside, or null when the text is damaged, of another boot or of another format. */
function openEnvelope(text: string, boot: string, checksum: Checksum): Fields | null {
  if (text.length > RECORD_MAX) return null;
  let outer: unknown;
  try {
    outer = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isFields(outer) || outer.format !== FORMAT || outer.boot !== boot || !isFields(outer.record))
    return null;
  return checksum(JSON.stringify(outer.record)) === outer.checksum ? outer.record : null;
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
  if (record.seat !== null && record.seat !== "seat0") return null;
  if (!isNumber(record.vtnr) || !Number.isInteger(record.vtnr) || record.vtnr < 0 || record.vtnr > 63)
    return null;
  const { desktop, service, tty, display, remoteHost, remoteUser, nonce } = record;
  if (!isText(desktop) || !isText(service) || !isText(tty) || !isText(display)) return null;
  if (!isText(remoteHost) || !isText(remoteUser) || !isText(nonce)) return null;
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
    seat: record.seat,
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
    stage,
  };
}

export function parseUser(uid: number, text: string, boot: string, checksum: Checksum): User | null {
  const record = openEnvelope(text, boot, checksum);
  if (record === null || record.uid !== uid || !isUid(uid)) return null;
  const { gid, name, groups } = record;
  const created = parseInstant(record.created);
  if (created === null || !isNumber(gid) || !isUid(gid) || !isText(name) || !isUserName(name)) return null;
  if (!Array.isArray(groups) || !groups.every(isNumber) || !isGroupList(groups)) return null;
  return { uid, gid, name, groups, created, runtime: { state: "none" }, sessions: new Set(), guessed: false };
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
  if (!isFields(value) || !isNumber(value.pid) || !Number.isInteger(value.pid) || value.pid < 0) return null;
  const { pid, start, inode, executable } = value;
  return isText(start) && isText(inode) && isText(executable) ? { pid, start, inode, executable } : null;
}

function parseInstant(value: unknown): Instant | null {
  if (!isFields(value) || !isNumber(value.realtime) || !isNumber(value.monotonic)) return null;
  return { realtime: value.realtime, monotonic: value.monotonic };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= 1024 && isPrintable(value);
}
