import { each } from "./each.ts";
import { sessionsOrOwn } from "./own.ts";
import { printable } from "./text.ts";
import type { Verb } from "./verb.ts";

function verb(name: "lock" | "unlock", method: "LockSession" | "UnlockSession", summary: string): Verb {
  return {
    name,
    operands: "[ID...]",
    least: 0,
    most: Number.POSITIVE_INFINITY,
    summary,
    details:
      "Without an ID, the session that sessionctl itself runs in. The programs of the session are asked over D-Bus.\nRoot may ask every session, others their own.",
    options: {},
    async run(input, context) {
      const ids = await sessionsOrOwn(input.operands, context);
      return each(ids, context, async (id) => {
        await context.client.call(method, { id }, `${name} session ${printable(id)}`);
      });
    },
  };
}

export const lock = verb("lock", "LockSession", "Ask sessions to lock their screen");
export const unlock = verb("unlock", "UnlockSession", "Ask sessions to unlock their screen");
