/** How many inhibitors there may be, and what they may say. */

import { describe, expect, it } from "vitest";
import type { Effect } from "../../daemon/src/core/effects.ts";
import type { World } from "../../daemon/src/core/model.ts";
import { emptyWorld, step } from "../../daemon/src/core/step.ts";
import { policy } from "./policy.ts";

const at = { realtime: 2_000_000, monotonic: 1_000_000 };
const requester = { room: "login1", call: 1 } as const;

function ask(world: World, uid: number, over: { readonly who?: string; readonly why?: string } = {}) {
  return step(world, {
    kind: "inhibit.requested",
    at,
    requester,
    caller: { uid, pid: 300 },
    what: "sleep",
    who: "w",
    why: "",
    mode: "block",
    ...over,
  });
}

/** What became of it: "granted", or the refusal. */
function outcome(effects: readonly Effect[]): string {
  const [effect] = effects;
  if (effect?.kind === "inhibit.create") return "granted";
  return effect?.kind === "inhibit.reply" && !effect.result.ok ? effect.result.refusal : "?";
}

/** Asks for that many and expects all to be granted. */
function take(world: World, uid: number, count: number): World {
  let now = world;
  for (let i = 0; i < count; i++) {
    const taken = ask(now, uid);
    if (outcome(taken.effects) !== "granted") throw new Error(`${uid} was refused number ${i + 1}`);
    now = taken.world;
  }
  return now;
}

const EMPTY = emptyWorld(policy);

describe("the limits of inhibitors", () => {
  it("are 256 for each user, and others are not concerned", () => {
    const full = take(EMPTY, 1000, 256);
    expect(outcome(ask(full, 1000).effects)).toBe("limits");
    expect(ask(full, 1000).world).toBe(full);
    expect(outcome(ask(full, 1001).effects)).toBe("granted");
    const ended = step(full, { kind: "inhibitor.ended", id: 7 }).world;
    expect(outcome(ask(take(ended, 1000, 1), 1000).effects)).toBe("limits");
  });

  it("leave the last 128 of 8192 to root, who may have all of them", () => {
    let world = take(EMPTY, 0, 8192 - 128 - 1);
    world = take(world, 1000, 1);
    expect(outcome(ask(world, 1000).effects)).toBe("limits");
    world = take(world, 0, 128);
    expect(outcome(ask(world, 0).effects)).toBe("limits");
  }, 60_000);

  it.each([
    ["who", 256],
    ["why", 1024],
  ] as const)("hold for the bytes of %s: %i", (key, most) => {
    for (const [text, expected] of [
      ["x".repeat(most), "granted"],
      ["x".repeat(most + 1), "invalid"],
      ["é".repeat(most / 2), "granted"],
      [`${"é".repeat(most / 2)}x`, "invalid"],
      ["😀".repeat(most / 4), "granted"],
      [`${"€".repeat(Math.floor(most / 3))}xx`, "invalid"],
      ["", "granted"],
    ] as const)
      expect(outcome(ask(EMPTY, 1000, { [key]: text }).effects), JSON.stringify(text)).toBe(expected);
  });

  it("leave nothing in the texts that cannot be shown", () => {
    const { world } = ask(EMPTY, 1000, { who: "a\u0000\u001b[2J\ud800", why: "one\ntwo\u2028" });
    expect(world.inhibitors.get(1)).toMatchObject({
      who: "a??[2J?",
      why: "one?two?",
      created: at,
      uid: 1000,
    });
  });
});
