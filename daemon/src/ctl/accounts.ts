/** The user database, asked by name: the daemon can only name the users it has. */

import { execFileSync } from "node:child_process";

/** Milliseconds. */
const DEADLINE = 5000;

export function parseUid(text: string): number | null {
  return /^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) <= 4294967294 ? Number(text) : null;
}

const PATH = "/usr/bin:/bin:/usr/sbin:/sbin";

/** The uid of that name, by the system's own program; null if there is no such user. */
export function lookUpUser(name: string): number | null {
  try {
    const found = execFileSync("id", ["-u", "--", name], {
      env: { PATH },
      timeout: DEADLINE,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return parseUid(found.toString().trim());
  } catch {
    return null;
  }
}

/** The name of a user or a group; the number where there is no such name, or nobody can say. */
export function nameOf(kind: "passwd" | "group", id: number): string {
  try {
    const found = execFileSync("getent", [kind, String(id)], {
      env: { PATH },
      timeout: DEADLINE,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return found.toString().split(":")[0] || String(id);
  } catch {
    return String(id);
  }
}
