import { each } from "./each.ts";
import { usageError } from "./failure.ts";
import { userId } from "./own.ts";
import { json, printable } from "./text.ts";
import type { Context, Verb } from "./verb.ts";

/** The last lines of what the user's service manager wrote; tabs stay. */
export function lastLines(text: string, most: number): string[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const shown = text === "" ? [] : lines.slice(Math.max(0, lines.length - most));
  return shown.map((line) => line.split("\t").map(printable).join("\t"));
}

function parseCount(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw usageError(`--lines is a number, not ${printable(text)}`);
}

export const userLog: Verb = {
  name: "user-log",
  operands: "[USER]",
  least: 0,
  most: 1,
  summary: "Show what a user's service manager wrote",
  details:
    "USER is a name or a uid; without one, the user who runs sessionctl. Others' logs are for root.\nThe last 64 KiB are kept.",
  options: { lines: { short: "n", value: "N", help: "only the last N lines" } },
  async run(input, context: Context) {
    const lines = input.get("lines");
    const most = lines === undefined ? Number.POSITIVE_INFINITY : parseCount(lines);
    const users = input.operands.length > 0 ? input.operands : [String(process.getuid?.() ?? 0)];
    return each(users, context, async (name) => {
      const uid = await userId(name, context);
      const { text } = await context.client.call(
        "GetUserLog",
        { uid },
        `show the log of user ${printable(name)}`,
      );
      const shown = lastLines(text, most);
      context.print(context.json ? [json({ uid, lines: shown }, 2)] : shown);
    });
  },
};
