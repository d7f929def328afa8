/** Text for people and for shells: nothing that is printed can drive a terminal, nothing that is quoted can run. */

const DANGEROUS = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

function escapeOne(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Control, direction and line characters in a visible form. */
export function printable(text: string): string {
  return text.replace(DANGEROUS, escapeOne);
}

/** One JSON document without any character that a terminal would obey. */
export function json(value: unknown, indent: number): string {
  return JSON.stringify(value, null, indent).replace(DANGEROUS, (character) =>
    character === "\n" ? "\n" : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/** A POSIX shell word that is exactly this text. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Columns a text takes, counted in characters. */
export function width(text: string): number {
  return [...text].length;
}

export function cut(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join("")}…`;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** "2026-11-21 05:01:10", in local time. */
export function localTime(microseconds: number): string {
  const at = new Date(microseconds / 1000);
  if (Number.isNaN(at.getTime())) return "an unknown time";
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** "5min ago": the largest unit, with the next one while that is small. */
export function ago(microseconds: number, nowMs: number): string {
  const seconds = Math.round((nowMs - microseconds / 1000) / 1000);
  if (seconds < 0) return "in the future";
  if (seconds < 60) return `${seconds}s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${minutes % 60}min ago`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h ago`;
}

export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}
