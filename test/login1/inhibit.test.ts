/** What can be inhibited, and what polkit is asked for it. */

import { describe, expect, it } from "vitest";
import { inhibitActions, readWhats } from "../../daemon/src/login1/inhibit.ts";

describe("the list of what is inhibited", () => {
  it.each([
    ["sleep", ["sleep"]],
    ["idle:shutdown:sleep", ["shutdown", "sleep", "idle"]],
    ["handle-reboot-key:handle-power-key", ["handle-power-key", "handle-reboot-key"]],
    ["sleep:sleep", ["sleep"]],
  ])("%s", (text, expected) => {
    expect(readWhats(text)).toEqual(expected);
  });

  it.each(["", ":", "sleep:", ":sleep", "sleep::idle", "Sleep", "sleep idle", "handle-key"])(
    "refuses %j",
    (text) => {
      expect(() => readWhats(text)).toThrow(/can be inhibited/);
    },
  );
});

it("asks polkit about each, in the one order", () => {
  const whats = readWhats("handle-lid-switch:idle:sleep:shutdown");
  expect(inhibitActions(whats, "block")).toEqual([
    "inhibit-block-shutdown",
    "inhibit-block-sleep",
    "inhibit-block-idle",
    "inhibit-handle-lid-switch",
  ]);
  expect(inhibitActions(["shutdown", "sleep"], "delay")).toEqual([
    "inhibit-delay-shutdown",
    "inhibit-delay-sleep",
  ]);
  expect(inhibitActions(["sleep"], "block-weak")).toEqual(["inhibit-block-sleep"]);
});
