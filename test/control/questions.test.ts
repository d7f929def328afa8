/** What the server tells of sessions and users. */

import { describe, expect, it } from "vitest";
import { ALICE, BOB, type Machine, type TestClient, useMachine } from "./machine.ts";

const OURS = "org.sessionman.Login";

let machine: Machine;
let client: TestClient;

useMachine((made, alices) => {
  [machine, client] = [made, alices];
});

describe("questions", () => {
  it("shows a session as it is", async () => {
    const { id, leader } = await machine.session(ALICE, { type: "wayland", desktop: "sway" });
    const { parameters } = await client.call("GetSession", { id });
    expect(parameters?.session).toMatchObject({
      id,
      uid: ALICE,
      user: "alice",
      state: "active",
      type: "wayland",
      class: "user",
      desktop: "sway",
      seat: null,
      leader,
      scope: `/user.slice/user-1000.slice/session-${id}.scope`,
      closingReason: null,
    });
    expect(parameters?.processes).toEqual([{ pid: leader, parent: 1, command: "sh", cgroup: "" }]);
  });

  it("shows a user", async () => {
    const { id } = await machine.session(ALICE);
    const { parameters } = await client.call("GetUser", { uid: ALICE });
    expect(parameters?.user).toMatchObject({
      uid: ALICE,
      name: "alice",
      state: "active",
      sessions: [id],
      runtimeDirectory: "/run/user/1000",
      slice: "/user.slice/user-1000.slice",
    });
  });

  it.each([-1, 65535, 4294967295, 2 ** 40])("knows no user %i", async (uid) => {
    expect(await client.call("GetUser", { uid })).toEqual({
      error: `${OURS}.NoSuchUser`,
      parameters: { uid },
    });
  });

  it.each(["", "0", "1x", "../1", "__proto__"])("knows no session %j", async (id) => {
    expect(await client.call("GetSession", { id })).toEqual({
      error: `${OURS}.NoSuchSession`,
      parameters: { id },
    });
  });

  it("finds the session of a process, of the caller too", async () => {
    const { id, leader } = await machine.session(ALICE);
    const inside = machine.connect(BOB, { parent: leader });
    expect((await inside.call("GetSessionByProcess", {})).parameters).toMatchObject({ session: { id } });
    expect((await client.call("GetSessionByProcess", { pid: leader })).parameters).toMatchObject({
      session: { id },
    });
    expect((await client.call("GetSessionByProcess", { pid: 0 })).error).toBe(`${OURS}.NotInSession`);
    expect((await client.call("GetSessionByProcess", { pid: 999_999 })).error).toBe(`${OURS}.NotInSession`);
  });

  it("finds it by the leader where there are no control groups", async () => {
    machine.kernel.system.cgroups = false;
    const { id, leader } = await machine.session(ALICE);
    const shell = machine.process(ALICE, { parent: leader });
    const inside = machine.connect(ALICE, { parent: shell });
    expect((await inside.call("GetSessionByProcess", {})).parameters).toMatchObject({
      session: { id, scope: null },
    });
    expect((await client.call("GetSessionByProcess", {})).error).toBe(`${OURS}.NotInSession`);
  });

  describe("as on the bus, a process is", () => {
    const sessionOf = async (pid: number) => {
      const { parameters, error } = await client.call("GetSessionByProcess", { pid });
      return error ?? (parameters?.session as { id: string } | undefined)?.id;
    };

    it("in the session that it leads, wherever it is", async () => {
      const [first, second] = [await machine.session(ALICE), await machine.session(BOB)];
      for (const cgroup of ["/elsewhere", `/user.slice/user-1001.slice/session-${second.id}.scope`]) {
        const process = machine.kernel.system.processes.get(first.leader);
        if (process !== undefined) process.cgroup = cgroup;
        expect(await sessionOf(first.leader)).toBe(first.id);
      }
    });

    it.each(["/user.slice/user-1000.slice/user@1000.service/app.slice", "/elsewhere"])(
      "in none when it was moved from there to %s",
      async (cgroup) => {
        const { leader } = await machine.session(ALICE);
        expect(await sessionOf(machine.process(ALICE, { parent: leader, cgroup }))).toBe(
          `${OURS}.NotInSession`,
        );
      },
    );

    it("in none when that of its control group is not known", async () => {
      const cgroup = "/user.slice/user-1000.slice/session-77.scope";
      expect(await sessionOf(machine.process(ALICE, { cgroup }))).toBe(`${OURS}.NotInSession`);
    });
  });

  it.each([-1, 2 ** 31, 2 ** 32 + 1])("finds no process with the id %d", async (pid) => {
    const error = pid < 0 ? "org.varlink.service.InvalidParameter" : `${OURS}.NotInSession`;
    expect((await client.call("GetSessionByProcess", { pid })).error).toBe(error);
  });

  it("counts in its status", async () => {
    await machine.session(ALICE);
    await machine.session(ALICE);
    await machine.session(BOB);
    expect((await client.call("GetStatus")).parameters).toMatchObject({
      version: "1.2.3",
      sessions: 3,
      users: 2,
      cgroup: "/user.slice",
      degraded: [],
    });
  });

  it("explains a closing session by what is left of it", async () => {
    const { id, leader } = await machine.session(ALICE);
    const child = machine.process(ALICE, { parent: leader, command: "emacs" });
    machine.kernel.system.exit(leader);
    await machine.kernel.settle();
    expect((await client.call("Explain", { id })).parameters).toEqual({
      state: "closing",
      because: "its leader has exited",
      waitingFor: [
        "the exit of 1 process in its control group, to which nothing is done (kill_user_processes)",
      ],
      holders: [{ pid: child, command: "emacs", holds: ["scope"] }],
    });
  });

  it("explains who holds a running session", async () => {
    const pid = machine.process(ALICE, { command: "holder" });
    await machine.client(pid).call("Register", { holder: true });
    const { parameters } = await client.call("Explain", { id: "1" });
    expect(parameters).toMatchObject({
      state: "active",
      holders: [{ pid, command: "holder", holds: ["leader", "scope", "lifetime"] }],
    });
  });
});
