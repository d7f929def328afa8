import type { UserRecord } from "../control/interface.ts";
import { block, joined, type Line, processLines } from "./block.ts";
import { each } from "./each.ts";
import { CommandError, DENIED, EXIT } from "./failure.ts";
import { userId } from "./own.ts";
import { tintOf } from "./table.ts";
import { ago, json, localTime, printable } from "./text.ts";
import { lastLines } from "./user-log.ts";
import type { Context, Verb } from "./verb.ts";

const LOG_LINES = 10;

const since = (at: number, { nowMs }: Context): string => `${localTime(at)} (${ago(at, nowMs)})`;

function describe(user: UserRecord, context: Context): Line[] {
  return [
    ["State", context.paint(printable(user.state), tintOf(user.state))],
    ["Lingers", user.linger ? "yes" : "no"],
    ["Sessions", joined(...user.sessions)],
    ["Runtime directory", printable(user.runtimeDirectory ?? "")],
    ["Group", String(user.gid)],
    ["Since", since(user.createdRealtime, context)],
    ["Slice", printable(user.slice ?? "")],
    ...describeManager(user, context),
  ];
}

function describeManager({ manager }: UserRecord, context: Context): Line[] {
  if (manager === null) return [["Manager", "none"]];
  const state = context.paint(printable(manager.state), tintOf(manager.state));
  return [
    ["Manager", `${state} since ${since(manager.since, context)}`],
    ["Backend", printable(manager.backend)],
    ["Manager process", manager.pid === 0 ? "" : String(manager.pid)],
    ["Manager group", printable(manager.group ?? "")],
    ["Problem", printable(manager.message)],
  ];
}

/** Null where the caller may not see it, or the user has gone meanwhile. */
async function logOf(uid: number, name: string, context: Context): Promise<string | null> {
  try {
    const what = `show the log of user ${printable(name)}`;
    return (await context.client.call("GetUserLog", { uid }, what)).text;
  } catch (error) {
    if (error instanceof CommandError && (error.error === DENIED || error.status === EXIT.noSuch))
      return null;
    throw error;
  }
}

function logLines(log: string | null): string[] {
  const lines = lastLines(log ?? "", LOG_LINES);
  return lines.length === 0 ? [] : ["  Log:", ...lines.map((line) => `    ${line}`)];
}

export const userStatus: Verb = {
  name: "user-status",
  operands: "[USER...]",
  least: 0,
  most: Number.POSITIVE_INFINITY,
  summary: "Show a user: manager, processes, log",
  details:
    "USER is a name or a uid; without one, the user who runs sessionctl.\nProcesses and the end of the log are shown to root and to the user.",
  options: {},
  async run(input, context) {
    const users = input.operands.length > 0 ? input.operands : [String(process.getuid?.() ?? 0)];
    return each(users, context, async (name, position) => {
      const uid = await userId(name, context);
      const reply = await context.client.call("GetUser", { uid }, `show user ${printable(name)}`);
      const log = await logOf(uid, name, context);
      if (context.json) return context.print([json({ ...reply, log }, 2)]);
      const { user, processes } = reply;
      const title = context.paint(`${printable(user.name)} (${user.uid})`, "bold");
      const lines = [
        ...block(title, describe(user, context)),
        ...processLines(processes, context),
        ...logLines(log),
      ];
      context.print(position === 0 ? lines : ["", ...lines]);
    });
  },
};
