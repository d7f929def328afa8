import { EXIT } from "./failure.ts";
import { table, tintOf } from "./table.ts";
import { count, json, localTime } from "./text.ts";
import type { Verb } from "./verb.ts";

const columns = [
  { title: "SESSION", right: true },
  { title: "UID", right: true },
  { title: "USER" },
  { title: "SEAT" },
  { title: "TTY" },
  { title: "STATE" },
  { title: "TYPE" },
  { title: "CLASS" },
  { title: "LEADER", right: true },
  { title: "SINCE" },
];

export const list: Verb = {
  name: "list",
  operands: "",
  least: 0,
  most: 0,
  summary: "List the sessions",
  options: {},
  async run(_input, context) {
    const { sessions } = await context.client.call("ListSessions", {}, "list the sessions");
    if (context.json) {
      context.print([json(sessions, 2)]);
      return EXIT.ok;
    }
    const rows = sessions.map((session) => [
      session.id,
      String(session.uid),
      session.user,
      session.seat ?? "",
      session.tty !== "" ? session.tty : session.display,
      { text: session.state, tint: tintOf(session.state) },
      session.type,
      session.class,
      String(session.leader),
      localTime(session.createdRealtime),
    ]);
    const footer = `${count(sessions.length, "session")}.`;
    context.print(table(columns, rows, { ...context, footer }));
    return EXIT.ok;
  },
};
