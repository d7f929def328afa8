/**
 * Inhibitors: somebody holds the write end of a FIFO, and as long as they do, what they named is inhibited.
 *
 *   wanted --FIFO, then record, on disk--> there: published, answered with the write end --nobody holds it--> gone
 *
 * It counts from the moment it was granted the place, before it is on disk. From the answer on the FIFO's end is its
 * end; if the answer reached nobody that is at once. The FIFO has a name: a later daemon opens it again.
 */

import type { Effect, Refusal } from "./effects.ts";
import type { Event, Found } from "./events.ts";
import { INHIBIT_WHATS, type Inhibitor, type InhibitWhat, type Requester, type World } from "./model.ts";
import { byteLength, printable } from "./names.ts";
import { chain, type Step, same } from "./outcome.ts";
import { overInhibitorLimit } from "./policy.ts";
import { Table } from "./table.ts";

type Of<K extends Event["kind"]> = Extract<Event, { kind: K }>;
type Wish = Of<"inhibit.requested">;

const WHO_MAX = 256;
const WHY_MAX = 1024;
const MODES: ReadonlySet<string> = new Set<Inhibitor["mode"]>(["block", "block-weak", "delay"]);
/** What can be put off for a moment. */
const DELAYABLE: ReadonlySet<InhibitWhat> = new Set(["shutdown", "sleep"]);

export function inhibitRequested(world: World, event: Wish): Step {
  const { requester, caller, at } = event;
  const read = readWish(event);
  if (typeof read === "string") return refuse(world, requester, "invalid", read);
  const limit = overInhibitorLimit(caller.uid, [...world.inhibitors.values()]);
  if (limit !== null) return refuse(world, requester, "limits", limit);
  const inhibitor: Inhibitor = {
    id: world.nextInhibitor,
    ...read,
    uid: caller.uid,
    pid: caller.pid,
    created: at,
  };
  return {
    world: {
      ...world,
      nextInhibitor: world.nextInhibitor + 1,
      inhibitors: world.inhibitors.with(inhibitor.id, inhibitor),
    },
    effects: [{ kind: "inhibit.create", inhibitor, requester }],
  };
}

type Wished = Pick<Inhibitor, "what" | "who" | "why" | "mode">;

/** What is wanted, or a sentence that says what is wrong with it. */
function readWish(event: Wish): Wished | string {
  const what = parseWhats(event.what);
  if (what === null) return `${JSON.stringify(event.what)} is no list of what can be inhibited`;
  const mode = parseMode(event.mode);
  if (mode === null) return `${JSON.stringify(event.mode)} is none of block, block-weak and delay`;
  const wrong = mode === "delay" ? what.find((each) => !DELAYABLE.has(each)) : undefined;
  if (wrong !== undefined) return `${wrong} cannot be delayed`;
  // programs write sentences there: a line break is no reason to let the machine sleep
  const who = printable(event.who, event.who.length);
  const why = printable(event.why, event.why.length);
  if (byteLength(who) > WHO_MAX) return `who is longer than ${WHO_MAX} bytes`;
  if (byteLength(why) > WHY_MAX) return `why is longer than ${WHY_MAX} bytes`;
  return { what, who, why, mode };
}

/** A list with colons, in the one order; null for an empty one, and for what is not known. */
export function parseWhats(text: string): InhibitWhat[] | null {
  const parts = new Set(text.split(":"));
  const whats = INHIBIT_WHATS.filter((what) => parts.delete(what));
  return parts.size === 0 ? whats : null;
}

export function parseMode(text: string): Inhibitor["mode"] | null {
  return MODES.has(text) ? (text as Inhibitor["mode"]) : null;
}

export function inhibitCreated(world: World, { id, requester }: Of<"inhibit.created">): Step {
  return {
    world,
    effects: [
      { kind: "publish" },
      { kind: "inhibit.reply", requester, result: { ok: true, id } },
      { kind: "inhibitor.watch", id },
    ],
  };
}

export function inhibitFailed(world: World, { id, requester, error }: Of<"inhibit.failed">): Step {
  const message = `cannot make inhibitor ${id}: ${error}`;
  return chain(
    world,
    (now) => remove(now, id),
    (now) => ({ world: now, effects: [{ kind: "log", level: "error", message }] }),
    (now) => refuse(now, requester, "failed", message),
  );
}

export function inhibitorEnded(world: World, { id }: Of<"inhibitor.ended">): Step {
  return world.inhibitors.has(id) ? remove(world, id) : same(world);
}

/**
 * Nobody holds it. The file that names its FIFO to others goes before that does; what a crash leaves is a record without
 * a FIFO, or a FIFO without a record.
 */
function remove(world: World, id: number): Step {
  return {
    world: { ...world, inhibitors: world.inhibitors.without(id) },
    effects: [{ kind: "publish" }, ...discard(id)],
  };
}

function discard(id: number): Effect[] {
  return [
    { kind: "inhibitor.drop", id },
    { kind: "inhibitor.erase", id },
  ];
}

/** Those that are still held go on; what is left of the others goes. */
export function restoreInhibitors(world: World, { inhibitors, orphanInhibitors }: Found): Step {
  let held = Table.empty<number, Inhibitor>();
  for (const { record, held: isHeld } of inhibitors) if (isHeld) held = held.with(record.id, record);
  const ids = [...inhibitors.map(({ record }) => record.id), ...orphanInhibitors];
  const gone = ids.filter((id) => !held.has(id));
  const watch = [...held.keys()].map((id): Effect => ({ kind: "inhibitor.watch", id }));
  return {
    world: { ...world, inhibitors: held, nextInhibitor: Math.max(0, ...ids) + 1 },
    effects: [...gone.flatMap(discard), ...watch],
  };
}

function refuse(world: World, requester: Requester, refusal: Refusal, message: string): Step {
  return { world, effects: [{ kind: "inhibit.reply", requester, result: { ok: false, refusal, message } }] };
}
