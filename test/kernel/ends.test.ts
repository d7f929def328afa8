/** Ends that are waited for: what cannot be watched, and what is not told. */

import { openSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { type Addon, loadAddon } from "../../daemon/src/kernel/addon.ts";
import { Ends } from "../../daemon/src/kernel/ends.ts";
import { Poller } from "../../daemon/src/kernel/poller.ts";
import { Turns } from "../../daemon/src/kernel/turns.ts";
import { ADDON, awhile, openFds, unable } from "./rig.ts";

describe.skipIf(unable)(`ends ${unable || ""}`, () => {
  const addon = unable ? (null as unknown as Addon) : loadAddon(ADDON);
  let poller: Poller;
  const make = () => {
    poller = new Poller(addon);
    return new Ends<string>({ addon, poller, turns: new Turns() });
  };

  afterEach(() => poller.shut());

  it("whose descriptor cannot be watched do not keep it", () => {
    const ends = make();
    const before = openFds();
    expect(() => ends.watch("one", openSync("/etc/hostname", "r"), 1, () => {})).toThrow(/EPERM/);
    expect(openFds()).toBe(before);
  });

  it("that nobody waits for any more are not told", async () => {
    const ends = make();
    const told: string[] = [];
    ends.later("one", () => told.push("one"));
    ends.later("two", () => told.push("two"));
    ends.unwatch("one");
    await awhile();
    expect(told).toEqual(["two"]);
  });
});
