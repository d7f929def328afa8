/** The user database, asked by name: the daemon can only name the users it has. */

import { execFileSync } from "node:child_process";

/** Milliseconds. */
const DEADLINE = 5000;

export function parseUid(text: string): number | null {
  return /^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) <= 4294967294 ? Number(text) : null;
}

/** The uid of that name, by the system's own program; null if there is no such user. */
export function lookUpUser(name: string): number | null {
  try {
    const found = execFileSync("id", ["-u", "--", name], {
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
      timeout: DEADLINE,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return parseUid(found.toString().trim());
  } catch {
    return null;
  }
}
