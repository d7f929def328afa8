import { EXIT } from "./failure.ts";
import { json, printable } from "./text.ts";
import type { Verb } from "./verb.ts";

export const deregister: Verb = {
  name: "deregister",
  operands: "[ID]",
  least: 0,
  most: 1,
  summary: "End a session without ending its processes",
  details:
    "Without an ID, the session named by $XDG_SESSION_ID or, if that is not set, the one sessionctl runs in.",
  options: {},
  async run(input, context) {
    const named = input.operands[0] ?? context.environment.XDG_SESSION_ID ?? "";
    const id = named === "" ? null : named;
    const what =
      id === null ? "deregister the session of this process" : `deregister session ${printable(id)}`;
    const reply = await context.client.call("Deregister", { id }, what);
    if (context.json) context.print([json(reply, 2)]);
    return EXIT.ok;
  },
};
