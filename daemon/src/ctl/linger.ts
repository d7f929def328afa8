import { each } from "./each.ts";
import { EXIT, usageError } from "./failure.ts";
import { importLists } from "./linger-import.ts";
import { accountId } from "./own.ts";
import { table, tintOf } from "./table.ts";
import { count, json, printable } from "./text.ts";
import type { Context, Input, Verb } from "./verb.ts";

const columns = [{ title: "UID", right: true }, { title: "USER" }, { title: "STATE" }, { title: "MANAGER" }];

async function set(enabled: boolean, users: readonly string[], context: Context): Promise<number> {
  const turn = (uid: number | null, whom: string) =>
    context.client.call(
      "SetLinger",
      { uid, enabled },
      `turn lingering ${enabled ? "on" : "off"} for ${printable(whom)}`,
    );
  if (users.length === 0) {
    await turn(null, "this user");
    return EXIT.ok;
  }
  return each(users, context, async (name) => {
    await turn(await accountId(name, context), `user ${name}`);
  });
}

async function list(context: Context): Promise<number> {
  const { users } = await context.client.call("ListLinger", {}, "list the lingering users");
  if (context.json) {
    context.print([json(users, 2)]);
    return EXIT.ok;
  }
  const rows = users.map(({ uid, name, state, manager }) => [
    String(uid),
    name,
    { text: state, tint: tintOf(state) },
    { text: manager?.state ?? "", tint: tintOf(manager?.state ?? "") },
  ]);
  context.print(table(columns, rows, { ...context, footer: `${count(users.length, "user")}.` }));
  return EXIT.ok;
}

export const linger: Verb = {
  name: "linger",
  operands: "ACTION [USER...]",
  least: 1,
  most: Number.POSITIVE_INFINITY,
  summary: "Let services of users run without a session",
  details: [
    "enable [USER...]   turn lingering on: services start at boot and stay after logout",
    "disable [USER...]  turn it off; services without a session stop at once",
    "list               list the users for whom it is on",
    "import [LIST...]   take over the lists of turnstile, elogind, systemd, or of",
    "                   the directory PATH/; without LIST of all that there are",
    "",
    "Without a USER, the user who runs sessionctl. Root may do it for everybody.",
  ].join("\n"),
  options: { "dry-run": { help: "import: only say what would be done" } },
  async run(input: Input, context: Context): Promise<number> {
    const [action = "", ...rest] = input.operands;
    const dryRun = input.has("dry-run");
    if (dryRun && action !== "import") throw usageError("--dry-run is only for linger import");
    switch (action) {
      case "enable":
      case "disable":
        return set(action === "enable", rest, context);
      case "list":
        if (rest.length > 0) throw usageError(`linger list does not take ${printable(rest[0] ?? "")}`);
        return list(context);
      case "import":
        return importLists(rest, dryRun, context);
      default:
        throw usageError(`linger does enable, disable, list or import, not ${printable(action)}`);
    }
  },
};
