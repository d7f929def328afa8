import { each } from "./each.ts";
import { explainDevice } from "./explain-device.ts";
import { sessionsOrOwn } from "./own.ts";
import { table, tintOf } from "./table.ts";
import { json, printable } from "./text.ts";
import type { Verb } from "./verb.ts";

const columns = [{ title: "PID", right: true }, { title: "HOLDS" }, { title: "COMMAND" }];

const words: ReadonlyMap<string, string> = new Map([
  ["leader", "is the leader"],
  ["scope", "is in its control group"],
  ["lifetime", "holds its lifetime fd"],
]);

export const explain: Verb = {
  name: "explain",
  operands: "[ID|DEVICE...]",
  least: 0,
  most: Number.POSITIVE_INFINITY,
  summary: "Say why a session or a device is as it is",
  details:
    "Without an ID, the session that sessionctl itself runs in. Processes are shown to root and the session's user.\nDEVICE is a node in /dev or a path below /sys: whether the user may open it, why, and what would have to change.",
  options: { user: { value: "USER", help: "of a device: whether this user may open it; only for root" } },
  async run(input, context) {
    const ids = await sessionsOrOwn(input.operands, context);
    return each(ids, context, async (id, position) => {
      if (id.startsWith("/")) {
        const lines = await explainDevice(id, input.get("user"), context);
        return context.print(position === 0 ? lines : ["", ...lines]);
      }
      const reply = await context.client.call("Explain", { id }, `explain session ${printable(id)}`);
      if (context.json) return context.print([json({ id, ...reply }, 2)]);
      const state = context.paint(printable(reply.state), tintOf(reply.state));
      const lines = [`Session ${printable(id)} is ${state}: ${printable(reply.because)}.`];
      const pending = reply.state === "opening" || reply.state === "closing";
      lines.push(pending ? "It waits for:" : "It ends with the first of:");
      lines.push(...reply.waitingFor.map((what) => `  ${printable(what)}`));
      if (reply.holders.length > 0) {
        const rows = reply.holders.map(({ pid, holds, command }) => [
          String(pid),
          holds.map((hold) => words.get(hold) ?? hold).join(", "),
          command,
        ]);
        lines.push(
          "Held by:",
          ...table(columns, rows, { ...context, legend: false, footer: "" }).map((line) => `  ${line}`),
        );
      }
      context.print(position === 0 ? lines : ["", ...lines]);
    });
  },
};
