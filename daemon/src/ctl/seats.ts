import { EXIT } from "./failure.ts";
import { table } from "./table.ts";
import { count, json } from "./text.ts";
import type { Verb } from "./verb.ts";

const columns = [
  { title: "SEAT" },
  { title: "SESSION", right: true },
  { title: "USER" },
  { title: "TERMINAL", right: true },
  { title: "SESSIONS" },
  { title: "GRAPHICAL" },
];

export const seats: Verb = {
  name: "seats",
  operands: "",
  least: 0,
  most: 0,
  summary: "List the seats and who is in front",
  options: {},
  async run(_input, context) {
    const { seats } = await context.client.call("ListSeats", {}, "list the seats");
    if (context.json) {
      context.print([json(seats, 2)]);
      return EXIT.ok;
    }
    const { sessions } = await context.client.call("ListSessions", {}, "list the sessions");
    const users = new Map(sessions.map(({ id, user }) => [id, user]));
    const rows = seats.map((seat) => [
      seat.id,
      seat.activeSession ?? "",
      users.get(seat.activeSession ?? "") ?? "",
      seat.activeVt === 0 ? "" : String(seat.activeVt),
      seat.sessions.join(" "),
      seat.graphical ? "yes" : "no",
    ]);
    context.print(table(columns, rows, { ...context, footer: `${count(seats.length, "seat")}.` }));
    return EXIT.ok;
  },
};
