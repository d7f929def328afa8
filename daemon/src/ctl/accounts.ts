/** The user database, asked by name: the daemon can only name the users it has. */

import { execFileSync } from "node:child_process";

/** Milliseconds. */
const DEADLINE = 5000;

export function parseUid(text: string): number | null {
  return /^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) <= 4294967294 ? Number(text) : null;
}

const PATH = "/usr/bin:/bin:/usr/sbin:/sbin";

/** What the system's own program says; null if it fails. */
function ask(program: string, ...words: readonly string[]): string | null {
  try {
    const found = execFileSync(program, words, {
      env: { PATH },
      timeout: DEADLINE,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return found.toString().trim();
  } catch {
    return null;
  }
}

/** The uid of that name; null if there is no such user. */
export function lookUpUser(name: string): number | null {
  return parseUid(ask("id", "-u", "--", name) ?? "");
}

/** The name of a user or a group; the number where there is no such name, or nobody can say. */
export function nameOf(kind: "passwd" | "group", id: number): string {
  return ask("getent", kind, String(id))?.split(":")[0] || String(id);
}
