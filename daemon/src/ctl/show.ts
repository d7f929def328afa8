import { records, type SessionRecord } from "../control/interface.ts";
import { each } from "./each.ts";
import { usageError } from "./failure.ts";
import { sessionsOrOwn } from "./own.ts";
import { json, printable } from "./text.ts";
import type { Verb } from "./verb.ts";

type Name = keyof SessionRecord;

/** "createdRealtime" as CREATED_REALTIME. */
export function keyOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

const names = Object.keys(records.Session) as Name[];

/** Accepts CREATED_REALTIME, created_realtime and createdRealtime. */
function propertyNamed(text: string): Name {
  const found = names.find((name) => name === text || keyOf(name) === text.toUpperCase());
  if (found === undefined)
    throw usageError(`there is no property ${printable(text)}; see sessionctl show --help`);
  return found;
}

function valueText(session: SessionRecord, name: Name): string {
  const value = session[name];
  if (typeof value === "boolean") return value ? "yes" : "no";
  return printable(String(value ?? ""));
}

export const show: Verb = {
  name: "show",
  operands: "[ID...]",
  least: 0,
  most: Number.POSITIVE_INFINITY,
  summary: "Print a session as KEY=value lines, for scripts",
  details: `Without an ID, the session that sessionctl itself runs in. The keys, which stay as they are:\n  ${names.map(keyOf).join(" ")}`,
  options: {
    property: { short: "p", value: "KEY", multiple: true, help: "print only this one; may be repeated" },
    value: { help: "print the values without KEY=" },
  },
  async run(input, context) {
    const asked = input
      .all("property")
      .flatMap((text) => text.split(","))
      .map(propertyNamed);
    const shown = asked.length > 0 ? asked : names;
    const ids = await sessionsOrOwn(input.operands, context);
    return each(ids, context, async (id, position) => {
      const { session } = await context.client.call("GetSession", { id }, `show session ${printable(id)}`);
      if (context.json) {
        context.print([json(Object.fromEntries(shown.map((name) => [name, session[name]])), 2)]);
        return;
      }
      const lines = shown.map(
        (name) => (input.has("value") ? "" : `${keyOf(name)}=`) + valueText(session, name),
      );
      context.print(position === 0 ? lines : ["", ...lines]);
    });
  },
};
