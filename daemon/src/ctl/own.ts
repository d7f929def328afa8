/** Which session or user is meant when none is named. */

import { CommandError, EXIT } from "./failure.ts";
import { printable } from "./text.ts";
import type { Context } from "./verb.ts";

export async function ownSession(context: Context): Promise<string> {
  const { session } = await context.client.call(
    "GetSessionByProcess",
    { pid: 0 },
    "find the session of this process",
  );
  return session.id;
}

/** The named sessions, or the caller's own. */
export async function sessionsOrOwn(
  operands: readonly string[],
  context: Context,
): Promise<readonly string[]> {
  return operands.length > 0 ? operands : [await ownSession(context)];
}

export function parseUid(text: string): number | null {
  return /^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) <= 4294967294 ? Number(text) : null;
}

/** A user id as it is, or a name among the users who have sessions. */
export async function userId(text: string, context: Context): Promise<number> {
  const uid = parseUid(text);
  if (uid !== null) return uid;
  const { users } = await context.client.call("ListUsers", {}, `find user ${text}`);
  const user = users.find(({ name }) => name === text);
  if (user === undefined) throw new CommandError(`user ${printable(text)} has no session`, EXIT.noSuch);
  return user.uid;
}
