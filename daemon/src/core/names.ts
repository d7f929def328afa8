/** Strict readers for what comes from outside: each answers the value or null, never a guess. */

import type { SessionClass, SessionType, Uid } from "./model.ts";

const types: ReadonlySet<string> = new Set<SessionType>([
  "unspecified",
  "tty",
  "x11",
  "wayland",
  "mir",
  "web",
]);

/** Classes of sessions that people and their programs have; the rest are a service manager's own, and none at all. */
export const ORDINARY_CLASSES = [
  "user",
  "user-early",
  "user-incomplete",
  "user-light",
  "user-early-light",
  "greeter",
  "lock-screen",
  "background",
  "background-light",
] as const satisfies readonly SessionClass[];

const classes: ReadonlySet<string> = new Set<SessionClass>([
  ...ORDINARY_CLASSES,
  "manager",
  "manager-early",
  "none",
]);

export function parseType(text: string): SessionType | null {
  return types.has(text) ? (text as SessionType) : null;
}

export function parseClass(text: string): SessionClass | null {
  return classes.has(text) ? (text as SessionClass) : null;
}

const DECIMAL = /^(0|[1-9][0-9]{0,9})$/;

/** A decimal number of at most ten digits without sign, space or leading zero. */
export function parseDecimal(text: string): number | null {
  return DECIMAL.test(text) ? Number(text) : null;
}

/** 65535 and 4294967295 mean "nobody" to the kernel's and C's interfaces and name no user. */
export function isUid(value: number): value is Uid {
  return Number.isInteger(value) && value >= 0 && value <= 4294967294 && value !== 65535;
}

export function parseUid(text: string): Uid | null {
  const value = parseDecimal(text);
  return value !== null && isUid(value) ? value : null;
}

/** "tty2" to 2, 1..63; null for everything else. */
export function parseVtName(tty: string): number | null {
  const match = /^tty([1-9][0-9]?)$/.exec(tty);
  const vt = match === null ? 0 : Number(match[1]);
  return vt >= 1 && vt <= 63 ? vt : null;
}

export function parseVtnr(text: string): number | null {
  const value = parseDecimal(text);
  return value !== null && value >= 1 && value <= 63 ? value : null;
}

/** "seat" and at least one more character, and short enough for files that are named after it. */
export function isSeatName(text: string): boolean {
  return /^seat[A-Za-z0-9_-]{1,240}$/.test(text);
}

/** The number of a connection to the seatd socket. */
export function isClientNumber(text: string): boolean {
  return /^[1-9][0-9]{0,9}$/.test(text) && Number(text) <= 0xffffffff;
}

/** Longer than any path in /dev and /sys. */
const PATH_MAX = 4096;

/** An absolute path below that directory, without parts that are empty or mean another place. */
export function isPathBelow(directory: string, path: string): boolean {
  if (path.length > PATH_MAX || path.includes("\0") || !path.startsWith(`${directory}/`)) return false;
  const parts = path.slice(1).split("/");
  return parts.every((part) => part !== "" && part !== "." && part !== "..");
}

export function isSessionId(text: string): boolean {
  return /^[1-9][0-9]{0,9}$/.test(text);
}

/** What a record can hold, in characters. */
export const LONGEST_TEXT = 1024;

/** Bytes of the text in UTF-8. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Free text that may be shown and written into records: no control characters, no half surrogates. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** No half surrogates: the text has an encoding. */
export function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}

const UNPRINTABLES = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text made fit to be shown and recorded: what cannot be is a question mark, what is too long is cut off. */
export function printable(text: string, max: number): string {
  return text.slice(0, max).replaceAll(UNPRINTABLES, "?");
}

/** A user name that can be written, shown and looked up; such a name may still be unusual. */
export function isUserName(text: string): boolean {
  if (text.length === 0 || text.length > 256 || text === "." || text === "..") return false;
  return isPrintable(text) && !/[/:]/.test(text) && !/^[- ]/.test(text);
}

export function isGroupList(gids: readonly number[]): boolean {
  return gids.every((gid) => Number.isInteger(gid) && gid >= 0 && gid <= 4294967294);
}

/** A desktop name: printable and without the characters that state files would have to quote. */
export function isDesktop(text: string): boolean {
  return text.length <= 64 && /^[\x20-\x7e]*$/.test(text) && !/["'\\]/.test(text);
}

/** The unique name of a connection to a bus, such as ":1.42". */
export function isUniqueName(text: string): boolean {
  return /^:[A-Za-z0-9_.-]{1,254}$/.test(text);
}

/** What a bus is told apart by. */
export function isBusGuid(text: string): boolean {
  return /^[0-9a-fA-F]{32}$/.test(text);
}

const LOCAL_HOSTS: ReadonlySet<string> = new Set(["localhost", "localhost.localdomain"]);

/**
 * Whether PAM_RHOST names another machine. An address, even a loopback one, counts as remote: it says that a
 * network service let the user in.
 */
export function isRemote(host: string): boolean {
  if (host === "") return false;
  const name = host.toLowerCase().replace(/\.$/, "");
  return !LOCAL_HOSTS.has(name) && !name.endsWith(".localhost") && !name.endsWith(".localhost.localdomain");
}
