import type { SessionRecord } from "../control/interface.ts";
import { block, joined, type Line, processLines } from "./block.ts";
import { each } from "./each.ts";
import { sessionsOrOwn } from "./own.ts";
import { tintOf } from "./table.ts";
import { ago, json, localTime, printable } from "./text.ts";
import type { Context, Verb } from "./verb.ts";

function describe(session: SessionRecord, context: Context): Line[] {
  const reason = session.closingReason === null ? "" : ` (${printable(session.closingReason)})`;
  const since = `${localTime(session.createdRealtime)} (${ago(session.createdRealtime, context.nowMs)})`;
  return [
    ["State", context.paint(printable(session.state), tintOf(session.state)) + reason],
    ["Type", joined(session.type, `class ${session.class}`)],
    ["Seat", joined(session.seat, session.vtnr === 0 ? "" : `virtual terminal ${session.vtnr}`)],
    ["TTY", printable(session.tty)],
    ["Display", printable(session.display)],
    ["Desktop", printable(session.desktop)],
    ["Remote", session.remote ? joined(session.remoteHost, session.remoteUser) : ""],
    ["Service", printable(session.service)],
    ["Leader", String(session.leader)],
    ["Controller", session.controller === null ? "" : String(session.controller)],
    ["Since", since],
    ["Scope", printable(session.scope ?? "")],
  ];
}

export const status: Verb = {
  name: "status",
  operands: "[ID...]",
  least: 0,
  most: Number.POSITIVE_INFINITY,
  summary: "Show a session and its processes",
  details:
    "Without an ID, the session that sessionctl itself runs in. Processes are shown to root and the session's user.",
  options: {},
  async run(input, context) {
    const ids = await sessionsOrOwn(input.operands, context);
    return each(ids, context, async (id, position) => {
      const reply = await context.client.call("GetSession", { id }, `show session ${printable(id)}`);
      if (context.json) return context.print([json(reply, 2)]);
      const { session, processes } = reply;
      const title = context.paint(
        `Session ${printable(session.id)} of ${printable(session.user)} (${session.uid})`,
        "bold",
      );
      const lines = [...block(title, describe(session, context)), ...processLines(processes, context)];
      context.print(position === 0 ? lines : ["", ...lines]);
    });
  },
};
