/** Which session or user is meant when none is named. */

import { parseUid } from "./accounts.ts";
import { CommandError, EXIT } from "./failure.ts";
import { printable } from "./text.ts";
import type { Context } from "./verb.ts";

const SEAT0 = "seat0";

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

/** The seat of the session that sessionctl runs in; where it runs in none, or in one without a seat, the first. */
export async function ownSeat(context: Context): Promise<string> {
  try {
    const own = { pid: 0 };
    const { session } = await context.client.call(
      "GetSessionByProcess",
      own,
      "find the seat of this process",
    );
    return session.seat ?? SEAT0;
  } catch (error) {
    if (error instanceof CommandError && error.status === EXIT.noSuch) return SEAT0;
    throw error;
  }
}

/** A user id as it is, or a name among the users whom the daemon has. */
export async function userId(text: string, context: Context): Promise<number> {
  const uid = parseUid(text);
  if (uid !== null) return uid;
  const { users } = await context.client.call("ListUsers", {}, `find user ${text}`);
  const user = users.find(({ name }) => name === text);
  if (user !== undefined) return user.uid;
  throw new CommandError(`user ${printable(text)} has no session and does not linger`, EXIT.noSuch);
}

/** The same for any user there is, also one who was removed and still lingers. */
export async function accountId(text: string, context: Context): Promise<number> {
  const uid = parseUid(text) ?? context.lookUp(text);
  if (uid !== null) return uid;
  const { users } = await context.client.call("ListLinger", {}, `find user ${printable(text)}`);
  const user = users.find(({ name }) => name === text);
  if (user !== undefined) return user.uid;
  throw new CommandError(`there is no user ${printable(text)}`, EXIT.noSuch);
}
