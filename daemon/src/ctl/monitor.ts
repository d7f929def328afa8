import type { Reply } from "../control/interface.ts";
import { tintOf } from "./table.ts";
import { json, localTime, printable } from "./text.ts";
import type { Context, Verb } from "./verb.ts";

type Notice = Reply<"Monitor">;

/** One line for each session, user and seat of a notice. */
function lines(notice: Notice, context: Context): string[] {
  const at = context.paint(localTime(Date.now() * 1000), "dim");
  const name = notice.event === "snapshot" ? null : notice.event;
  const ofUsers = notice.users.map((user) => {
    const state = context.paint(printable(user.state), tintOf(user.state));
    const { manager } = user;
    const services =
      manager === null ? "" : ` manager ${context.paint(manager.state, tintOf(manager.state))}`;
    return `${at} ${name ?? "user"} ${user.uid} ${printable(user.name)} ${state}${services}`;
  });
  const ofSessions = notice.sessions.map((session) => {
    const place = [session.seat, session.tty, session.display].filter((part) => part !== null && part !== "");
    const state = context.paint(printable(session.state), tintOf(session.state));
    const rest = place.map((part) => ` ${printable(part ?? "")}`).join("");
    return `${at} ${name ?? "session"} ${printable(session.id)} ${printable(session.user)} ${state}${rest}`;
  });
  const ofSeats = notice.seats.map((seat) => {
    const { id, activeSession, activeVt } = seat;
    const shown = activeSession === null ? "nobody" : `session ${printable(activeSession)}`;
    const terminal = activeVt === 0 ? "" : ` terminal ${activeVt}`;
    return `${at} ${name ?? "seat"} ${printable(id)} ${shown}${terminal}`;
  });
  return [...ofUsers, ...ofSessions, ...ofSeats];
}

export const monitor: Verb = {
  name: "monitor",
  operands: "",
  least: 0,
  most: 0,
  summary: "Show what there is, then each change as it comes",
  details:
    "Runs until it is interrupted, also when the daemon is started again meanwhile.\nWith --json, one JSON document on each line.",
  options: {},
  async run(_input, context) {
    const show = (notice: Notice): void =>
      context.print(context.json ? [json(notice, 0)] : lines(notice, context));
    return context.client.watch("Monitor", show, "watch the sessions");
  },
};
