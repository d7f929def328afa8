/** Which backend and which lingering hold for whom, who may turn lingering on, and how many start at the same time. */

import { describe, expect, it } from "vitest";
import type { Policy, Services } from "../../daemon/src/core/configuration.ts";
import type { User, World } from "../../daemon/src/core/model.ts";
import { lingerRefusal } from "../../daemon/src/core/policy.ts";
import { userState } from "../../daemon/src/core/select.ts";
import { backendOf, lingers, listed, servicesOf } from "../../daemon/src/core/services.ts";
import { emptyWorld } from "../../daemon/src/core/step.ts";
import { newUser } from "../../daemon/src/core/user.ts";
import { facts } from "./facts.ts";
import { GID } from "./machine.ts";
import { policy } from "./policy.ts";
import { Simulation } from "./simulation.ts";

const alice = { uid: 1000, gid: 100, name: "alice", groups: [20, 30] };
const at = { realtime: 1, monotonic: 1 };

interface Rows {
  readonly default?: Services;
  readonly groups?: Policy["services"]["groups"];
  readonly users?: readonly (readonly [string, Services])[];
}

function withRows(rows: Rows): Policy {
  const { services } = policy;
  const row = { ...services.default, ...rows.default };
  const users = new Map(rows.users ?? []);
  return { ...policy, services: { ...services, default: row, groups: rows.groups ?? [], users } };
}

describe("the services of a user", () => {
  const groups = [
    { gid: 30, services: { backend: "/b/thirty", linger: "yes" } },
    { gid: 20, services: { backend: "/b/twenty" } },
    { gid: 7, services: { backend: "/b/others" } },
  ] as const;

  it("are the default's", () => {
    expect(servicesOf(policy, alice)).toEqual({ backend: "/backends/runit", linger: "per-user" });
  });

  it("are those of the last group of the file, member by member", () => {
    expect(servicesOf(withRows({ groups }), alice)).toEqual({ backend: "/b/twenty", linger: "yes" });
  });

  it("count the primary group", () => {
    const rows = { groups: [{ gid: 100, services: { backend: "" } }] };
    expect(backendOf(withRows(rows), alice)).toBe("");
  });

  it("are the user's own before all", () => {
    const rows = { groups, users: [["alice", { backend: "/b/own", linger: "no" }]] } as const;
    expect(servicesOf(withRows(rows), alice)).toEqual({ backend: "/b/own", linger: "no" });
  });

  it("are none for root unless root has a session", () => {
    const root = { uid: 0, gid: 0, name: "root", groups: [] };
    expect(backendOf(policy, root)).toBe("");
    const permitted = { ...policy, services: { ...policy.services, rootSession: true } };
    expect(backendOf(permitted, root)).toBe("/backends/runit");
  });
});

function worldWith(linger: "yes" | "no" | "per-user", file: string | null): World {
  const world = emptyWorld(withRows({ default: { linger } }));
  return file === null ? world : { ...world, lingering: world.lingering.with(alice.uid, file) };
}

describe("lingering", () => {
  it.each([
    ["per-user", "alice", true, true],
    ["per-user", null, false, false],
    ["per-user", "bob", false, false],
    ["no", "alice", false, false],
    ["yes", null, true, false],
    ["yes", "alice", true, true],
  ] as const)("with %s and the file of %s is %s, from the start %s", (linger, file, all, start) => {
    expect(lingers(worldWith(linger, file), alice)).toBe(all);
    expect(listed(worldWith(linger, file), alice)).toBe(start);
  });

  it("shows in the user's state", () => {
    const world = worldWith("per-user", "alice");
    const user: User = newUser(alice, at);
    expect(userState(world, user)).toBe("lingering");
    expect(userState(worldWith("per-user", null), user)).toBe("closing");
  });

  it("by the configuration alone lasts as long as the manager", () => {
    const user = newUser(alice, at);
    const manager = { state: "running", backend: "/b", pid: 1, since: 1, message: "" } as const;
    expect(userState(worldWith("yes", null), { ...user, manager })).toBe("lingering");
    expect(userState(worldWith("yes", null), user)).toBe("closing");
  });
});

describe("who may turn lingering on and off", () => {
  const self = { ...policy, services: { ...policy.services, selfLinger: true } };
  const rootOnly = { ...policy, services: { ...policy.services, selfLinger: false } };
  const named = (name: string) => ({ ...alice, name });

  it.each([
    ["root", self, 0, alice, true, "per-user", null],
    ["root, off, whatever is configured", self, 0, alice, false, "no", null],
    ["root, against the configuration", self, 0, alice, true, "no", "invalid"],
    ["the user", self, 1000, alice, true, "per-user", null],
    ["the user, against the configuration", self, 1000, alice, true, "no", "invalid"],
    ["the user, where only root may", rootOnly, 1000, alice, true, "per-user", "not-allowed"],
    ["the user, off, where only root may", rootOnly, 1000, alice, false, "per-user", null],
    ["somebody else", self, 1001, alice, true, "per-user", "not-allowed"],
    ["root, for a name that looks like a uid", self, 0, named("1001"), true, "per-user", "invalid"],
    ["root, for a name with a slash", self, 0, named("../alice"), true, "per-user", "invalid"],
  ] as const)("%s", (_who, rules, uid, user, enabled, linger, refusal) => {
    const refused = lingerRefusal(rules, { uid, pid: 2 }, user, { linger, enabled });
    expect(refused?.refusal ?? null).toBe(refusal);
  });
});

describe("a simulated machine", () => {
  it("starts lingering users two at a time, and logins beside them", () => {
    const machine = new Simulation();
    const users = [1000, 1001, 1002, 1003, 1004];
    for (const uid of users) machine.lingering.set(uid, `u${uid}`);
    for (const uid of users) machine.managers.conducts.set(uid, "slow");
    machine.restart();
    const starting = () => [...machine.managers.runs.values()].filter((run) => run.news.state !== "running");
    expect(starting().length).toBe(2);
    machine.open(machine.spawn(), facts(1004, { gid: GID, tty: "pts/1" }));
    expect(starting().map(({ uid }) => uid)).toContain(1004);
    for (let second = 0; second < 120; second++) {
      machine.advance(1000);
      expect(starting().filter(({ uid }) => uid !== 1004).length).toBeLessThanOrEqual(2);
    }
    expect([...machine.managers.runs.keys()].sort()).toEqual(users);
    expect(starting()).toEqual([]);
  });

  it("does not let one user's manager delay the logins of others", () => {
    const machine = new Simulation();
    machine.managers.conducts.set(1000, "silent");
    machine.open(machine.spawn(), facts(1000, { gid: GID, tty: "pts/1" }));
    machine.open(machine.spawn(), facts(1001, { gid: GID, tty: "pts/2" }));
    machine.advance(1000);
    expect(machine.answers.map(({ call }) => call)).toEqual([2]);
    machine.advance(29_000);
    expect(machine.answers.map(({ call }) => call)).toEqual([2, 1]);
  });
});
