/** Which session and which user a process belongs to. */

import { describe, expect, it } from "vitest";
import type { World } from "../../daemon/src/core/model.ts";
import { Table } from "../../daemon/src/core/table.ts";
import { createMemoryKernel } from "../../daemon/src/kernel/memory.ts";
import type { MemoryProcess } from "../../daemon/src/kernel/memory-system.ts";
import { Tracker } from "../../daemon/src/login1/tracking.ts";
import { onVt, session, worldOf } from "../store/sd-login-worlds.ts";

const SCOPE = "/user.slice/user-1000.slice/session-3.scope";
const SERVICE = "/user.slice/user-1000.slice/user@1000.service/app.slice";

function machine(scope = true) {
  const kernel = createMemoryKernel();
  const { system } = kernel;
  const leader = system.makeProcess({ uid: 0, cgroup: scope ? SCOPE : "" });
  const of = session("3", { ...onVt(1), leader: leader.identity, scope });
  const world: World = {
    ...worldOf(of, session("4", { uid: 1001 })),
    leaders: Table.empty<number, string>().with(leader.identity.pid, "3"),
  };
  return { system, leader, tracker: new Tracker(kernel, () => world) };
}

const pid = (process: MemoryProcess) => process.identity.pid;

describe("a process", () => {
  it("belongs to the session that it leads, wherever it is", () => {
    const { leader, tracker } = machine();
    leader.cgroup = "/elsewhere";
    expect(tracker.sessionOf(pid(leader))?.id).toBe("3");
  });

  it("does not lead a session whose leader had its pid before", () => {
    const { system, leader, tracker } = machine();
    system.exit(pid(leader));
    const later = system.makeProcess({ pid: pid(leader), cgroup: "" });
    expect(tracker.sessionOf(pid(later))).toBeNull();
  });

  it("belongs to the session in whose control group it is", () => {
    const { system, tracker } = machine();
    const process = system.makeProcess({ uid: 0, cgroup: `${SCOPE}/deeper` });
    expect(tracker.sessionOf(pid(process))?.id).toBe("3");
    expect(tracker.ownerOf(pid(process))).toBe(1000);
  });

  it("of a user's services is the user's and in no session", () => {
    const { system, leader, tracker } = machine();
    const process = system.makeProcess({ uid: 1000, cgroup: SERVICE, parent: pid(leader) });
    expect(tracker.sessionOf(pid(process))).toBeNull();
    expect(tracker.ownerOf(pid(process))).toBe(1000);
    expect(tracker.autoOf(pid(process))?.id).toBe("3");
  });

  it("anywhere else belongs to nobody, whoever it runs as", () => {
    const { system, tracker } = machine();
    const process = system.makeProcess({ uid: 1000, cgroup: "/system.slice/cron" });
    expect([
      tracker.sessionOf(pid(process)),
      tracker.ownerOf(pid(process)),
      tracker.autoOf(pid(process)),
    ]).toEqual([null, null, null]);
  });

  it("that is gone, or not known to the bus, belongs to nobody", () => {
    const { tracker } = machine();
    for (const none of [999_999, 0, -1, null]) expect(tracker.sessionOf(none)).toBeNull();
  });

  it("is found by its ancestors where sessions have no control group", () => {
    const { system, leader, tracker } = machine(false);
    const child = system.makeProcess({ uid: 1000, parent: pid(leader) });
    const grandchild = system.makeProcess({ uid: 1000, parent: pid(child) });
    expect(tracker.sessionOf(pid(grandchild))?.id).toBe("3");
    expect(tracker.ownerOf(pid(grandchild))).toBe(1000);
  });
});
