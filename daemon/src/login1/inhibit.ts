/** Inhibit: a lock that lasts as long as somebody holds the descriptor that is given for it. */

import type { Call } from "../bus/call.ts";
import { INHIBIT_WHATS, type Inhibitor, type InhibitWhat, type World } from "../core/model.ts";
import type { Later } from "./actions.ts";
import { callerOf } from "./authority.ts";
import { invalidArgs } from "./errors.ts";
import type { ManagerObject } from "./room.ts";

const MODES: ReadonlySet<string> = new Set(["block", "block-weak", "delay"]);
/** What can be put off for a moment. */
const DELAYABLE: ReadonlySet<InhibitWhat> = new Set(["shutdown", "sleep"]);

/** The parts of a list with colons, in the one order. */
export function readWhats(text: string): InhibitWhat[] {
  const parts = new Set(text.split(":"));
  const whats = INHIBIT_WHATS.filter((what) => parts.delete(what));
  for (const part of parts) throw invalidArgs(`nothing called ${JSON.stringify(part)} can be inhibited`);
  return whats;
}

/** polkit's action for each. */
export function inhibitActions(whats: readonly InhibitWhat[], mode: string): string[] {
  return whats.map((what) => {
    if (what !== "shutdown" && what !== "sleep" && what !== "idle") return `inhibit-${what}`;
    return mode === "delay" ? `inhibit-delay-${what}` : `inhibit-block-${what}`;
  });
}

/** Oldest first. */
export function inhibitorsOf({ inhibitors }: World): readonly Inhibitor[] {
  return [...inhibitors.values()].sort((a, b) => a.id - b.id);
}

export async function inhibit({ room }: ManagerObject, call: Call): Later {
  const [what, who, why, mode] = call.args as [string, string, string, string];
  const whats = readWhats(what);
  if (!MODES.has(mode)) throw invalidArgs(`${JSON.stringify(mode)} is none of block, block-weak and delay`);
  const wrong = mode === "delay" ? whats.find((each) => !DELAYABLE.has(each)) : undefined;
  if (wrong !== undefined) throw invalidArgs(`${wrong} cannot be delayed`);
  for (const action of inhibitActions(whats, mode)) await room.authority.ask(call, { action });
  const at = room.now();
  return room.orders.inhibit(
    call,
    (requester) => ({
      kind: "inhibit.requested",
      at,
      requester,
      caller: callerOf(call),
      what: whats.join(":"),
      who,
      why,
      mode,
    }),
    (id) => ({ body: [0], fds: [room.kernel.openInhibitor(id)] }),
  );
}
