import { each } from "./each.ts";
import { userId } from "./own.ts";
import { printable } from "./text.ts";
import type { Verb } from "./verb.ts";

export const terminate: Verb = {
  name: "terminate",
  operands: "ID...",
  least: 1,
  most: Number.POSITIVE_INFINITY,
  summary: "End sessions and their processes",
  details:
    "The processes get TERM, HUP and CONT, and KILL when stop_timeout is over. Root may end every session, others their own.",
  options: {},
  async run(input, context) {
    return each(input.operands, context, async (id) => {
      await context.client.call("TerminateSession", { id }, `terminate session ${printable(id)}`);
    });
  },
};

export const terminateUser: Verb = {
  name: "terminate-user",
  operands: "USER...",
  least: 1,
  most: Number.POSITIVE_INFINITY,
  summary: "End all sessions of users, by name or uid",
  options: {},
  async run(input, context) {
    return each(input.operands, context, async (name) => {
      const uid = await userId(name, context);
      await context.client.call(
        "TerminateUser",
        { uid },
        `terminate the sessions of user ${printable(name)}`,
      );
    });
  },
};
