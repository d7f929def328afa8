import { constants } from "node:os";
import { each } from "./each.ts";
import { usageError } from "./failure.ts";
import { printable } from "./text.ts";
import type { Verb } from "./verb.ts";

/** TERM, SIGTERM, term or 15. */
function parseSignal(text: string): number {
  if (/^[1-9][0-9]?$/.test(text) && Number(text) <= 64) return Number(text);
  const name = text.toUpperCase();
  const named = new Map<string, number>(Object.entries(constants.signals));
  const signal = named.get(name.startsWith("SIG") ? name : `SIG${name}`);
  if (signal === undefined) throw usageError(`there is no signal ${printable(text)}`);
  return signal;
}

function parseWhom(text: string): "leader" | "all" {
  if (text === "leader" || text === "all") return text;
  throw usageError(`--whom is leader or all, not ${printable(text)}`);
}

export const kill: Verb = {
  name: "kill",
  operands: "ID...",
  least: 1,
  most: Number.POSITIVE_INFINITY,
  summary: "Send a signal to the processes of sessions",
  options: {
    signal: { short: "s", value: "SIGNAL", help: "name or number; TERM if not given" },
    whom: { value: "leader|all", help: "the leader alone or all processes; all if not given" },
  },
  async run(input, context) {
    const signal = parseSignal(input.get("signal") ?? "TERM");
    const whom = parseWhom(input.get("whom") ?? "all");
    return each(input.operands, context, async (id) => {
      await context.client.call("KillSession", { id, whom, signal }, `signal session ${printable(id)}`);
    });
  },
};
