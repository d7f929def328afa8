/**
 * Packets between the daemon and sessionman-run: NUL-terminated strings, the first one says what it is. Bytes in,
 * values out; daemon/run is the other end.
 */

import type { ManagerNews } from "../core/model.ts";
import { parseDecimal } from "../core/names.ts";

/** The longest packet of either side. */
export const PACKET_MAX = 65_536;
/** Variables of one packet. */
const VARIABLES_MAX = 512;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What sessionman-run says about an end is shown and recorded: printable, and not longer than this. */
const MESSAGE_MAX = 512;

function encode(strings: readonly string[]): Buffer {
  return Buffer.from(strings.map((each) => `${each}\0`).join(""));
}

export const encodeOrder = (order: "stop" | "term" | "kill"): Buffer => encode([order]);

export const encodeGraphical = (phase: "start" | "stop"): Buffer => encode(["graphical", phase]);

/**
 * As many packets as it takes. left: names of variables that no packet has room for, or that cannot be one at all.
 */
export function encodeEnvironment(
  set: ReadonlyMap<string, string>,
  unset: readonly string[],
): { readonly packets: readonly Buffer[]; readonly left: readonly string[] } {
  const packets: Buffer[] = [];
  const left: string[] = [];
  const head = encode(["environment"]);
  let parts: Buffer[] = [head];
  let size = head.length;
  const flush = () => {
    if (parts.length > 1) packets.push(Buffer.concat(parts));
    parts = [head];
    size = head.length;
  };
  const add = (name: string, text: string) => {
    const part = encode([text]);
    const fits = head.length + part.length <= PACKET_MAX;
    if (!fits || !VARIABLE_NAME.test(name) || text.includes("\0")) return void left.push(name);
    if (size + part.length > PACKET_MAX || parts.length > VARIABLES_MAX) flush();
    parts.push(part);
    size += part.length;
  };
  for (const [name, value] of set) add(name, `${name}=${value}`);
  for (const name of unset) add(name, name);
  flush();
  return { packets, left };
}

/** null for anything that is no news. */
export function decodeNews(packet: Buffer): ManagerNews | null {
  const strings = packet.toString("utf8").split("\0");
  // what follows the last NUL
  if (strings.pop() !== "") return null;
  const [word, first = "", second = ""] = strings;
  if (word === "ended") return strings.length === 2 ? { state: "ended", message: printable(first) } : null;
  const pid = parseDecimal(first);
  if (pid === null || pid > 0x7fffffff) return null;
  if ((word === "starting" || word === "ready") && strings.length === 2)
    return { state: word, pid, message: "" };
  if (word === "running" && strings.length === 3) return { state: word, pid, message: printable(second) };
  return null;
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, "?").slice(0, MESSAGE_MAX);
}
