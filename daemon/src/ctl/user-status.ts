import type { UserRecord } from "../control/interface.ts";
import { block, joined, type Line, processLines } from "./block.ts";
import { each } from "./each.ts";
import { userId } from "./own.ts";
import { tintOf } from "./table.ts";
import { ago, json, localTime, printable } from "./text.ts";
import type { Context, Verb } from "./verb.ts";

function describe(user: UserRecord, context: Context): Line[] {
  return [
    ["State", context.paint(printable(user.state), tintOf(user.state))],
    ["Sessions", joined(...user.sessions)],
    ["Runtime directory", printable(user.runtimeDirectory ?? "")],
    ["Group", String(user.gid)],
    ["Since", `${localTime(user.createdRealtime)} (${ago(user.createdRealtime, context.nowMs)})`],
    ["Slice", printable(user.slice ?? "")],
  ];
}

export const userStatus: Verb = {
  name: "user-status",
  operands: "[USER...]",
  least: 0,
  most: Number.POSITIVE_INFINITY,
  summary: "Show a user and the user's processes",
  details:
    "USER is a name or a uid; without one, the user who runs sessionctl. Processes are shown to root and to the user.",
  options: {},
  async run(input, context) {
    const users = input.operands.length > 0 ? input.operands : [String(process.getuid?.() ?? 0)];
    return each(users, context, async (name, position) => {
      const uid = await userId(name, context);
      const reply = await context.client.call("GetUser", { uid }, `show user ${printable(name)}`);
      if (context.json) return context.print([json(reply, 2)]);
      const { user, processes } = reply;
      const title = context.paint(`${printable(user.name)} (${user.uid})`, "bold");
      const lines = [...block(title, describe(user, context)), ...processLines(processes, context)];
      context.print(position === 0 ? lines : ["", ...lines]);
    });
  },
};
