import { EXIT } from "./failure.ts";
import { table, tintOf } from "./table.ts";
import { count, json, localTime } from "./text.ts";
import type { Verb } from "./verb.ts";

const columns = [
  { title: "UID", right: true },
  { title: "USER" },
  { title: "STATE" },
  { title: "SESSIONS" },
  { title: "RUNTIME DIRECTORY" },
  { title: "MANAGER" },
  { title: "LINGER" },
  { title: "SINCE" },
];

export const users: Verb = {
  name: "users",
  operands: "",
  least: 0,
  most: 0,
  summary: "List the users who have sessions or linger",
  options: {},
  async run(_input, context) {
    const { users } = await context.client.call("ListUsers", {}, "list the users");
    if (context.json) {
      context.print([json(users, 2)]);
      return EXIT.ok;
    }
    const rows = users.map((user) => [
      String(user.uid),
      user.name,
      { text: user.state, tint: tintOf(user.state) },
      user.sessions.join(" "),
      user.runtimeDirectory ?? "",
      { text: user.manager?.state ?? "", tint: tintOf(user.manager?.state ?? "") },
      user.linger ? "yes" : "no",
      localTime(user.createdRealtime),
    ]);
    context.print(table(columns, rows, { ...context, footer: `${count(users.length, "user")}.` }));
    return EXIT.ok;
  },
};
