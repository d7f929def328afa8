/** Service managers without control groups. */

import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ManagerNews } from "../../daemon/src/core/model.ts";
import { ORDER, UID } from "./manager-rig.ts";
import { endChildren, makeRig, unable, until } from "./rig.ts";
import { FakeKeeper } from "./runner.ts";

describe.skipIf(unable)(`a service manager without control groups ${unable || ""}`, () => {
  it("starts, is killed by sessionman-run, and is gone when nobody listens", async () => {
    const keeper = new FakeKeeper();
    const rig = makeRig({ cgroupRoot: "/proc", channel: keeper.channel });
    const news: ManagerNews[] = [];
    let cleaned = 0;
    rig.kernel.startManager(ORDER, (each) => news.push(each));
    await until("a sessionman-run", () => keeper.runners.length === 1);
    const [one] = keeper.runners;
    await one?.begin();
    expect([one?.group, one?.given.get("group")]).toEqual(["-", "-"]);
    const pid = (await one?.fork()) ?? 0;
    keeper.again();
    rig.restart(keeper.channel);
    expect(rig.kernel.managers()).toEqual([{ uid: UID, alive: true }]);
    rig.kernel.killManager(UID);
    rig.kernel.cleanManager(UID, () => {
      cleaned += 1;
    });
    expect(cleaned).toBe(0);
    await until("it is clean", () => cleaned === 1);
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
    expect(one?.gone).toBe(true);
    expect(readdirSync(`${rig.run}/managers`)).toEqual([]);
    expect(rig.kernel.managerPath(UID)).toBeNull();
    keeper.end();
    rig.kernel.close();
    endChildren();
  });
});
