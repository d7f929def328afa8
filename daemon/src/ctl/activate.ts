import { EXIT, usageError } from "./failure.ts";
import { ownSeat, ownSession } from "./own.ts";
import { printable } from "./text.ts";
import type { Verb } from "./verb.ts";

const WHO =
  "For root, for who has the session in the foreground now, and from within the sessions of the seat.";

export const activate: Verb = {
  name: "activate",
  operands: "[ID]",
  least: 0,
  most: 1,
  summary: "Bring a session to the foreground of its seat",
  details: `Without an ID, the session that sessionctl itself runs in.\n${WHO}`,
  options: {},
  async run(input, context) {
    const id = input.operands[0] ?? (await ownSession(context));
    await context.client.call("ActivateSession", { id }, `activate session ${printable(id)}`);
    return EXIT.ok;
  },
};

function parsePlace(text: string): number | "next" | "previous" {
  if (text === "next" || text === "previous") return text;
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
  throw usageError(`the place is a number, next or previous, not ${printable(text)}`);
}

export const switchTo: Verb = {
  name: "switch",
  operands: "N|next|previous",
  least: 1,
  most: 1,
  summary: "Show another virtual terminal or session",
  details: `N is a virtual terminal or, on a seat without them, the place of a session, from 1.\n${WHO}`,
  options: { seat: { value: "SEAT", help: "if not the seat of this session, or seat0" } },
  async run(input, context) {
    const { client } = context;
    const place = parsePlace(input.operands[0] ?? "");
    const seat = input.get("seat") ?? (await ownSeat(context));
    const what = `switch ${printable(seat)} to ${place}`;
    if (place === "next") await client.call("SwitchToNext", { seat }, what);
    else if (place === "previous") await client.call("SwitchToPrevious", { seat }, what);
    else await client.call("SwitchTo", { seat, place }, what);
    return EXIT.ok;
  },
};
