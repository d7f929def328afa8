/** Packets of the PAM module: bytes to requests, replies to bytes. pam/wire.h is the specification. */

import type { OpenFacts } from "../core/events.ts";
import { isSessionId, isUserName, parseDecimal, parseUid } from "../core/names.ts";
import { readLimits } from "../core/session-limits.ts";

export const PACKET_MAX = 16384;
const FIELDS_MAX = 24;
const VALUE_MAX = 1024;
/** Bytes; a value longer than its key allows breaks the protocol. */
const LONGEST: ReadonlyMap<string, number> = new Map([
  ["USER", 256],
  ["TTY", 64],
  ["ENV_SEAT", 64],
  ["GROUPS", PACKET_MAX],
]);

const VERSION_LINE = "sessionman 1\n";

/** But for NUL, which ends a field. */
const CONTROL = /(?!\0)\p{Cc}/u;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export type Request =
  | { readonly verdict: "open"; readonly facts: Omit<OpenFacts, "ttyVt">; readonly nonce: string }
  | { readonly verdict: "close"; readonly id: string }
  /** Not a packet of this protocol: the connection ends. */
  | { readonly verdict: "violation"; readonly reason: string }
  /** A packet of another version. */
  | { readonly verdict: "version" }
  /** A well-formed packet that cannot be a request. */
  | { readonly verdict: "invalid"; readonly message: string };

export function decodeRequest(bytes: Uint8Array): Request {
  const fields = readFields(bytes);
  if (typeof fields === "string") return { verdict: "violation", reason: fields };
  if (fields === null) return { verdict: "version" };
  const operation = fields.get("OP");
  if (operation === "open") return readOpen(fields);
  if (operation === "close") return readClose(fields);
  return {
    verdict: "invalid",
    message: operation === undefined ? "OP is missing" : "OP is neither open nor close",
  };
}

/** The fields by key; null for another version; a reason for what breaks the protocol. */
function readFields(bytes: Uint8Array): Map<string, string> | string | null {
  if (bytes.length > PACKET_MAX) return `a packet of ${bytes.length} bytes`;
  const text = decodeText(bytes);
  if (text === null) return "bytes that are not UTF-8";
  const end = text.indexOf("\n") + 1;
  const line = text.slice(0, end);
  if (line !== VERSION_LINE) return /^sessionman [1-9][0-9]{0,5}\n$/.test(line) ? null : "no version line";
  if (text.length === end) return new Map();
  if (!text.endsWith("\0")) return "a field without its NUL";
  const parts = text.slice(end, -1).split("\0");
  if (parts.length > FIELDS_MAX) return `${parts.length} fields`;
  if (CONTROL.test(text.slice(end))) return "a control character";
  const fields = new Map<string, string>();
  for (const part of parts) {
    const fault = addField(fields, part);
    if (fault !== null) return fault;
  }
  return fields;
}

function decodeText(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function addField(fields: Map<string, string>, part: string): string | null {
  const equals = part.indexOf("=");
  const key = part.slice(0, Math.max(equals, 0));
  if (!/^[A-Z][A-Z_]*$/.test(key)) return "a field without a proper key";
  if (fields.has(key)) return `${key} twice`;
  const value = part.slice(equals + 1);
  if (value.length > 64 && new TextEncoder().encode(value).length > (LONGEST.get(key) ?? VALUE_MAX)) {
    return `a value of ${key} that is too long`;
  }
  fields.set(key, value);
  return null;
}

function readClose(fields: ReadonlyMap<string, string>): Request {
  const id = fields.get("ID") ?? "";
  return isSessionId(id) ? { verdict: "close", id } : { verdict: "invalid", message: "ID is no session id" };
}

function readOpen(fields: ReadonlyMap<string, string>): Request {
  const text = (key: string): string => fields.get(key) ?? "";
  const nonce = text("NONCE");
  const uid = parseUid(text("UID"));
  const gid = parseUid(text("GID"));
  const groups = readGroups(text("GROUPS"));
  if (!/^[0-9a-f]{32}$/.test(nonce)) return { verdict: "invalid", message: "NONCE is not 32 hex digits" };
  if (!isUserName(text("USER"))) return { verdict: "invalid", message: "USER cannot be used as a user name" };
  if (uid === null) return { verdict: "invalid", message: "UID is no user id" };
  if (gid === null) return { verdict: "invalid", message: "GID is no group id" };
  if (groups === null) return { verdict: "invalid", message: "GROUPS has an entry that is no group id" };
  const facts = {
    uid,
    gid,
    user: text("USER"),
    groups,
    service: text("SERVICE"),
    tty: text("TTY"),
    display: text("DISPLAY"),
    remoteHost: text("RHOST"),
    remoteUser: text("RUSER"),
    asked: { type: text("ARG_TYPE"), class: text("ARG_CLASS"), desktop: text("ARG_DESKTOP") },
    hinted: {
      type: text("ENV_TYPE"),
      class: text("ENV_CLASS"),
      desktop: text("ENV_DESKTOP"),
      seat: text("ENV_SEAT"),
      vtnr: text("ENV_VTNR"),
      incomplete: text("ENV_INCOMPLETE"),
    },
    told: null,
    limits: readLimits(text("LIMITS")),
  };
  return { verdict: "open", facts, nonce };
}

function readGroups(text: string): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  for (const part of text.split(",")) {
    const gid = parseDecimal(part);
    if (gid === null || gid > 4294967294) return null;
    groups.push(gid);
  }
  return groups;
}

export type ReplyStatus = "accepted" | "opened" | "existing" | "none" | "closed" | "refused";

/** The fields follow STATUS in the order given. */
export function encodeReply(
  status: ReplyStatus,
  fields: Iterable<readonly [string, string]> = [],
): Uint8Array {
  let text = `${VERSION_LINE}STATUS=${status}\0`;
  for (const [key, value] of fields) text += `${key}=${value}\0`;
  return new TextEncoder().encode(text);
}

/** A message as the wire takes it: one printable line of bounded length. */
export function wireMessage(message: string): string {
  return message.replace(/\p{Cc}/gu, "?").slice(0, VALUE_MAX / 4);
}
