/** Sessions without PAM: what is believed of whom. */

import { beforeEach, describe, expect, it } from "vitest";
import { ALICE, BOB, Machine } from "./machine.ts";

const OURS = "org.sessionman.Login";
const DENIED = "org.varlink.service.PermissionDenied";

let machine: Machine;
/** A session of alice's. */
let target: { id: string; leader: number };

beforeEach(async () => {
  machine = new Machine();
  target = await machine.session(ALICE);
});

describe("Register", () => {
  interface Row {
    readonly name: string;
    readonly asks: (own: { pid: number; parent: number; strangers: number }) => object;
    readonly root: string | object;
    readonly user: string | object;
  }

  const rows: readonly Row[] = [
    { name: "nothing named", asks: () => ({}), root: { uid: 0 }, user: { uid: BOB } },
    { name: "its own uid", asks: () => ({ uid: BOB }), root: { uid: BOB }, user: { uid: BOB } },
    { name: "another user", asks: () => ({ uid: ALICE }), root: { uid: ALICE, user: "alice" }, user: DENIED },
    { name: "root", asks: () => ({ uid: 0 }), root: { uid: 0 }, user: DENIED },
    {
      name: "a user who does not exist",
      asks: () => ({ uid: 77 }),
      root: `${OURS}.NoSuchUser`,
      user: DENIED,
    },
    {
      name: "an impossible uid",
      asks: () => ({ uid: 65535 }),
      root: "InvalidParameter",
      user: "InvalidParameter",
    },
    { name: "a negative uid", asks: () => ({ uid: -1 }), root: "InvalidParameter", user: "InvalidParameter" },
    { name: "itself", asks: ({ pid }) => ({ leader: pid }), root: {}, user: {} },
    { name: "its parent", asks: ({ parent }) => ({ leader: parent }), root: {}, user: {} },
    { name: "a stranger", asks: ({ strangers }) => ({ leader: strangers }), root: {}, user: DENIED },
    { name: "process 1", asks: () => ({ leader: 1 }), root: "InvalidParameter", user: "InvalidParameter" },
    { name: "process 0", asks: () => ({ leader: 0 }), root: "InvalidParameter", user: "InvalidParameter" },
    { name: "no process", asks: () => ({ leader: 999_999 }), root: `${OURS}.Failed`, user: `${OURS}.Failed` },
    {
      name: "a holder that is not the leader",
      asks: ({ parent }) => ({ holder: true, leader: parent }),
      root: "InvalidParameter",
      user: "InvalidParameter",
    },
    { name: "a service", asks: () => ({ service: "lightdm" }), root: { service: "lightdm" }, user: DENIED },
    {
      name: "the manager",
      asks: () => ({ service: "sessionman-user" }),
      root: `${OURS}.Failed`,
      user: DENIED,
    },
    {
      name: "a remote host",
      asks: () => ({ remoteHost: "h" }),
      root: { remote: true, seat: null },
      user: DENIED,
    },
    { name: "class user", asks: () => ({ class: "user" }), root: { class: "user" }, user: { class: "user" } },
    { name: "class greeter", asks: () => ({ class: "greeter" }), root: { class: "greeter" }, user: DENIED },
    { name: "class manager", asks: () => ({ class: "manager" }), root: { class: "manager" }, user: DENIED },
    { name: "class none", asks: () => ({ class: "none" }), root: `${OURS}.Failed`, user: DENIED },
    {
      name: "an unknown type",
      asks: () => ({ type: "hologram" }),
      root: `${OURS}.Failed`,
      user: `${OURS}.Failed`,
    },
    {
      name: "a terminal it has not",
      asks: () => ({ tty: "tty3" }),
      root: { seat: "seat0", vtnr: 3 },
      user: DENIED,
    },
    {
      name: "the same with a path",
      asks: () => ({ tty: "/dev/tty3" }),
      root: { vtnr: 3, tty: "tty3" },
      user: DENIED,
    },
    {
      name: "somebody's pty",
      asks: () => ({ tty: "pts/9" }),
      root: { tty: "pts/9", seat: null },
      user: DENIED,
    },
    {
      name: "a name like cron's",
      asks: () => ({ tty: "cron" }),
      root: { class: "background" },
      user: DENIED,
    },
    {
      name: "no terminal",
      asks: () => ({ tty: "" }),
      root: { tty: "", seat: null },
      user: { tty: "", seat: null },
    },
  ];

  describe.each([
    ["root", 0],
    ["user", BOB],
  ] as const)("by %s", (who, uid) => {
    it.each(rows)("$name", async (row) => {
      const parent = machine.process(uid);
      const pid = machine.process(uid, { parent });
      const strangers = machine.process(ALICE);
      const asks = row.asks({ pid, parent, strangers });
      const answer = await machine.client(pid).call("Register", { holder: false, ...asks });
      const expected = row[who];
      if (typeof expected === "object") expect(answer).toMatchObject({ parameters: { session: expected } });
      else expect(answer.error).toContain(expected);
      if (typeof expected === "string") expect(machine.engine.world().sessions.size).toBe(1);
    });
  });

  it("gives the leader's own virtual terminal and its seat without being asked", async () => {
    const parent = machine.process(BOB, { terminal: "tty4" });
    const answer = await machine.connect(BOB, { parent }).call("Register", { holder: false });
    expect(answer).toMatchObject({ parameters: { session: { seat: "seat0", vtnr: 4, tty: "tty4" } } });
    expect(answer).toMatchObject({ parameters: { environment: { XDG_SEAT: "seat0", XDG_VTNR: "4" } } });
  });

  it("does not take a parent of another user for a leader", async () => {
    const parent = machine.process(0);
    const answer = await machine.connect(BOB, { parent }).call("Register", { holder: false });
    expect(answer.error).toBe(DENIED);
  });

  it("does not take a program that has gained privileges for its caller", async () => {
    const pid = machine.process(BOB);
    const client = machine.client(pid);
    const process = machine.kernel.system.processes.get(pid);
    if (process !== undefined) machine.kernel.system.processes.set(pid, { ...process, uid: 0 });
    expect((await client.call("Register", { holder: true })).error).toBe(DENIED);
  });

  it("hands the lifetime fd to a holder, and its end ends the session", async () => {
    const pid = machine.process(BOB);
    const client = machine.client(pid);
    const answer = await client.call("Register", { holder: true });
    expect(answer).toMatchObject({ parameters: { session: { leader: pid } } });
    const [fd, ...others] = client.fds;
    expect(others).toEqual([]);
    machine.kernel.system.close(fd ?? -1);
    await machine.kernel.settle();
    const phase = machine.engine.world().sessions.get("2")?.stage.phase ?? "gone";
    expect(["closing", "gone"]).toContain(phase);
  });

  it("hands out no fd to others", async () => {
    const parent = machine.process(BOB);
    const client = machine.connect(BOB, { parent });
    await client.call("Register", { holder: false });
    expect(client.fds).toEqual([]);
  });

  it("makes no second session for a leader", async () => {
    const client = machine.connect(ALICE, { parent: target.leader });
    expect(await client.call("Register", { holder: false })).toEqual({
      error: `${OURS}.AlreadyInSession`,
      parameters: { id: target.id },
    });
  });

  it("says which limit is reached", async () => {
    machine = new Machine({ sessionsMaxPerUser: 1 });
    await machine.session(BOB);
    const parent = machine.process(BOB);
    const answer = await machine.connect(BOB, { parent }).call("Register", { holder: false });
    expect(answer.error).toBe(`${OURS}.LimitsExceeded`);
    expect(answer.parameters?.message).toContain("sessions_max_per_user");
  });

  it("takes the session back when its lifetime fd cannot be opened", async () => {
    machine.kernel.system.fail("openLifetime", "EMFILE");
    const answer = await machine.connect(BOB).call("Register", { holder: true });
    expect(answer.error).toBe(`${OURS}.Failed`);
    expect(answer.parameters?.message).toContain("EMFILE");
    await machine.kernel.settle();
    expect(machine.engine.world().sessions.get("2")?.stage.phase).not.toBe("running");
  });
});

describe("Deregister", () => {
  it("without an id ends the caller's session and leaves its processes", async () => {
    const inside = machine.process(ALICE, { parent: target.leader });
    const answer = await machine.client(inside).call("Deregister", {});
    expect(answer).toEqual({ parameters: { id: target.id } });
    expect(machine.engine.world().sessions.get(target.id)?.stage).toMatchObject({
      phase: "closing",
      reason: "deregistered",
    });
    expect(machine.kernel.system.processes.has(inside)).toBe(true);
  });

  it("without an id outside of a session ends nothing", async () => {
    const outside = machine.process(ALICE);
    expect(await machine.client(outside).call("Deregister", {})).toEqual({
      error: `${OURS}.NotInSession`,
      parameters: { pid: outside },
    });
  });
});
