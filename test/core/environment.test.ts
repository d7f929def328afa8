/** What may be imported into services, at its limits. */

import { describe, expect, it } from "vitest";
import type { Effect } from "../../daemon/src/core/effects.ts";
import type { Imported, World } from "../../daemon/src/core/model.ts";
import { putUser } from "../../daemon/src/core/outcome.ts";
import { emptyWorld, step } from "../../daemon/src/core/step.ts";
import { newUser } from "../../daemon/src/core/user.ts";
import { policy } from "./policy.ts";

const at = { realtime: 1, monotonic: 1 };
const alice = newUser({ uid: 1000, gid: 1000, name: "alice", groups: [] }, at);
const empty = putUser(emptyWorld(policy), alice);

function importing(world: World, set: readonly (readonly [string, string])[], unset: readonly string[] = []) {
  return step(world, {
    kind: "environment.imported",
    at,
    requester: { room: "control", call: 1 },
    caller: { uid: 1000, pid: 2 },
    uid: 1000,
    session: null,
    set: new Map(set),
    unset,
  });
}

/** "" for an import that is done. */
function refusal(effects: readonly Effect[]): string {
  const reply = effects.find((effect) => effect.kind === "call.reply");
  if (reply?.kind !== "call.reply") return "no answer";
  return reply.result.ok ? "" : reply.result.refusal;
}

function variables(count: number, value: string): [string, string][] {
  return Array.from({ length: count }, (_, index) => [`V${index}`, value]);
}

describe("an import", () => {
  it.each([
    ["_", "", ""],
    ["Ab_9", "x", ""],
    [`V${"a".repeat(255)}`, "x", ""],
    [`V${"a".repeat(256)}`, "x", "invalid"],
    ["", "x", "invalid"],
    ["9A", "x", "invalid"],
    ["A-B", "x", "invalid"],
    ["A=B", "x", "invalid"],
    ["A\n", "x", "invalid"],
    ["Ä", "x", "invalid"],
    ["LD_PRELOAD", "/evil", ""],
    ["PATH", "", ""],
    ["A", "x".repeat(4096), ""],
    ["A", "x".repeat(4097), "invalid"],
    ["A", "ä".repeat(2048), ""],
    ["A", `${"ä".repeat(2048)}x`, "invalid"],
    ["A", "€".repeat(1366), "invalid"],
    ["A", "😀".repeat(1024), ""],
    ["A", "😀".repeat(1025), "invalid"],
    ["A", "a\tb\u001b[0m", ""],
    ["A", "a\nb", "invalid"],
    ["A", "a\0b", "invalid"],
    ["A", "\ud800", "invalid"],
  ])("of %j = %j", (name, value, wanted) => {
    expect(refusal(importing(empty, [[name, value]]).effects)).toBe(wanted);
  });

  it("of names to unset wants names, too", () => {
    expect(refusal(importing(empty, [], ["A B"]).effects)).toBe("invalid");
  });

  it("fills 64 variables", () => {
    const full = importing(empty, variables(64, "x"));
    expect(refusal(full.effects)).toBe("");
    expect(refusal(importing(full.world, [["W", "x"]]).effects)).toBe("limits");
    expect(refusal(importing(full.world, [["V1", "y"]]).effects)).toBe("");
    expect(refusal(importing(full.world, [["W", "x"]], ["V1"]).effects)).toBe("");
    expect(refusal(importing(empty, variables(65, "x")).effects)).toBe("limits");
  });

  it("fills 16 KiB, names and separators included", () => {
    const three = importing(empty, variables(3, "x".repeat(4096)));
    const left = 16384 - 3 * (2 + 4096 + 2) - (1 + 2);
    expect(refusal(importing(three.world, [["W", "x".repeat(left)]]).effects)).toBe("");
    expect(refusal(importing(three.world, [["W", "x".repeat(left + 1)]]).effects)).toBe("limits");
  });

  it("changes nothing when it is refused", () => {
    const refused = importing(empty, [
      ["GOOD", "x"],
      ["9BAD", "x"],
    ]);
    expect(refused.world).toBe(empty);
    expect(refused.effects.map(({ kind }) => kind)).toEqual(["call.reply"]);
  });

  it("sets what it also unsets", () => {
    const { world } = importing(empty, [["A", "x"]], ["A"]);
    const expected: Imported = { value: "x", session: null };
    expect(world.users.get(1000)?.imported.get("A")).toEqual(expected);
  });

  it("never shows a value", () => {
    const { effects } = importing(empty, [["SECRET", "hunter2\n"]]);
    expect(JSON.stringify(effects)).not.toContain("hunter2");
  });
});
