import { EXIT } from "./failure.ts";
import { json, printable } from "./text.ts";
import type { Verb } from "./verb.ts";

export const version: Verb = {
  name: "version",
  operands: "",
  least: 0,
  most: 0,
  summary: "Show the version and what this system lacks",
  options: {},
  async run(_input, context) {
    const status = await context.client.call("GetStatus", {}, "ask for the daemon's status");
    if (context.json) {
      context.print([json(status, 2)]);
      return EXIT.ok;
    }
    context.print([
      `sessionman ${printable(status.version)}, daemon process ${status.pid}`,
      `${status.sessions} sessions, ${status.users} users`,
      `control groups: ${printable(status.cgroup ?? "none")}`,
      ...status.degraded.map((what) => `lacking: ${printable(what)}`),
    ]);
    return EXIT.ok;
  },
};
