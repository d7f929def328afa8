/** Users beside their sessions: service managers and lingering. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { ALICE, BOB, Machine, type TestClient, withManagers } from "./machine.ts";

const OURS = "org.sessionman.Login";
const DENIED = "org.varlink.service.PermissionDenied";

let machine: Machine;
let root: TestClient;

beforeEach(() => {
  machine = new Machine(withManagers());
  root = machine.connect(0);
});

const userOf = async (uid: number) =>
  (await root.call("GetUser", { uid })).parameters?.user as Record<string, unknown> | undefined;
const lingerers = async () => (await root.call("ListLinger")).parameters?.users;

describe("a user's service manager", () => {
  it("is shown as it comes up", async () => {
    await machine.login(ALICE);
    const common = { backend: "/lib/backends/s6", group: "/user.slice/user-1000.slice/user@1000.service" };
    expect((await userOf(ALICE))?.manager).toEqual({
      ...common,
      state: "starting",
      pid: 0,
      since: 1_000_000,
      message: "",
    });
    machine.now += 500;
    const pid = machine.manager(ALICE).fork();
    machine.manager(ALICE).say({ state: "ready", pid, message: "" });
    expect((await userOf(ALICE))?.manager).toMatchObject({
      ...common,
      state: "ready",
      pid,
      since: 1_000_500,
    });
    machine.manager(ALICE).run("exit code 3");
    expect((await userOf(ALICE))?.manager).toMatchObject({
      state: "running",
      pid,
      message: expect.stringContaining("exit code 3"),
    });
  });

  it("is shown with its processes, among those of the user", async () => {
    const { leader } = await machine.login(ALICE);
    const pid = machine.manager(ALICE).fork();
    const { parameters } = await root.call("GetUser", { uid: ALICE });
    expect(parameters?.processes).toContainEqual(
      expect.objectContaining({ pid, cgroup: "user@1000.service/init.scope" }),
    );
    expect(parameters?.processes).toContainEqual(expect.objectContaining({ pid: leader }));
  });

  it("has no group without control groups", async () => {
    machine.kernel.system.cgroups = false;
    await machine.login(ALICE);
    expect((await userOf(ALICE))?.manager).toMatchObject({ state: "starting", group: null });
  });

  it("is none for a user who gets none", async () => {
    machine = new Machine();
    root = machine.connect(0);
    await machine.login(ALICE);
    expect(await userOf(ALICE)).toMatchObject({ manager: null, linger: false });
  });

  it("has failed, and says why", async () => {
    await machine.login(ALICE);
    machine.engine.submit({
      kind: "timer.fired",
      at: { realtime: 1, monotonic: 1 },
      timer: `manager-start/${ALICE}`,
    });
    machine.manager(ALICE).end("exit code 1");
    await machine.kernel.settle();
    expect((await userOf(ALICE))?.manager).toMatchObject({
      state: "failed",
      pid: 0,
      group: null,
      message: expect.stringMatching(/./),
    });
  });

  it("is told to those who monitor", async () => {
    const watcher = machine.connect(BOB);
    watcher.send({ method: `${OURS}.Monitor`, more: true });
    await machine.login(ALICE);
    machine.manager(ALICE).run();
    await machine.kernel.settle();
    const states = watcher.answers.flatMap(({ parameters }) =>
      ((parameters?.users ?? []) as { manager: { state: string } | null }[]).map(
        (user) => user.manager?.state,
      ),
    );
    expect(states).toEqual(expect.arrayContaining(["starting", "ready", "running"]));
    expect(watcher.answers.at(-1)?.parameters).toMatchObject({
      event: "user_changed",
      users: [{ manager: { state: "running" } }],
    });
  });
});

describe("lingering", () => {
  it("turned on starts a user without a session, and GetUser shows that user", async () => {
    expect(await root.call("SetLinger", { uid: ALICE, enabled: true })).toEqual({ parameters: {} });
    await machine.kernel.settle();
    machine.manager(ALICE).run();
    expect(machine.lingering).toEqual(new Map([[ALICE, "alice"]]));
    expect(await userOf(ALICE)).toMatchObject({
      uid: ALICE,
      name: "alice",
      state: "lingering",
      linger: true,
      sessions: [],
      manager: { state: "running" },
    });
    expect(await lingerers()).toEqual([
      {
        uid: ALICE,
        name: "alice",
        state: "lingering",
        manager: expect.objectContaining({ state: "running" }),
      },
    ]);
  });

  it("turned off ends that user", async () => {
    await root.call("SetLinger", { uid: ALICE, enabled: true });
    await machine.kernel.settle();
    machine.manager(ALICE).run();
    expect(await root.call("SetLinger", { uid: ALICE, enabled: false })).toEqual({ parameters: {} });
    expect((await userOf(ALICE))?.manager).toMatchObject({ state: "stopping" });
    expect(machine.manager(ALICE).orders).toEqual([["stop"]]);
    machine.manager(ALICE).end("exit code 0");
    await machine.kernel.settle();
    expect(await userOf(ALICE)).toBeUndefined();
    expect(await lingerers()).toEqual([]);
  });

  it("is turned on by users for themselves, unless the configuration says no", async () => {
    const alice = machine.connect(ALICE);
    expect((await alice.call("SetLinger", { enabled: true })).error).toBeUndefined();
    machine = new Machine(withManagers({ selfLinger: false }));
    const again = machine.connect(ALICE);
    expect((await again.call("SetLinger", { enabled: true })).error).toBe(DENIED);
    expect(machine.lingering.size).toBe(0);
    await machine.connect(0).call("SetLinger", { uid: ALICE, enabled: true });
    expect((await again.call("SetLinger", { enabled: false })).error).toBeUndefined();
    expect(machine.lingering.size).toBe(0);
  });

  it("is not turned on against the configuration, not even by root, who is told why", async () => {
    machine = new Machine(withManagers({ users: new Map([["alice", { linger: "no" }]]) }));
    const answer = await machine.connect(0).call("SetLinger", { uid: ALICE, enabled: true });
    expect(answer.error).toBe(`${OURS}.Failed`);
    expect(answer.parameters?.message).toContain("user_services.linger");
  });

  it("is for users who exist; one who was removed can be taken off the list", async () => {
    expect(await root.call("SetLinger", { uid: 77, enabled: true })).toEqual({
      error: `${OURS}.NoSuchUser`,
      parameters: { uid: 77 },
    });
    await root.call("SetLinger", { uid: ALICE, enabled: true });
    machine.kernel.system.users.delete(ALICE);
    expect((await root.call("SetLinger", { uid: ALICE, enabled: true })).error).toBe(`${OURS}.NoSuchUser`);
    expect((await root.call("SetLinger", { uid: ALICE, enabled: false })).error).toBeUndefined();
    expect((await root.call("SetLinger", { uid: 77, enabled: false })).error).toBe(`${OURS}.NoSuchUser`);
    expect(machine.lingering.size).toBe(0);
  });

  it("that cannot be written down is refused with the reason", async () => {
    machine.store.saveLinger = () => {
      throw new Error("write /var/lib/sessionman/linger/1000: ENOSPC");
    };
    const answer = await root.call("SetLinger", { uid: ALICE, enabled: true });
    expect(answer.error).toBe(`${OURS}.Failed`);
    expect(answer.parameters?.message).toContain("ENOSPC");
    expect(await lingerers()).toEqual([]);
  });

  it("is listed for those who are waited for, and for whom the configuration says no", async () => {
    const found = {
      nextId: 1,
      sessions: [],
      users: [],
      orphanScopes: [],
      orphanLifetimes: [],
      runtimeDirectories: [],
      managers: [],
      lingering: [
        { uid: 4242, name: "later" },
        { uid: BOB, name: "bob" },
      ],
      inhibitors: [],
      orphanInhibitors: [],
      seats: [],
      held: { devices: [], vts: [], gettys: [], clients: [] },
    };
    machine = new Machine(withManagers({ users: new Map([["bob", { linger: "no" }]]) }));
    root = machine.connect(0);
    machine.engine.submit({ kind: "daemon.started", at: { realtime: 1, monotonic: 1 }, found });
    await machine.kernel.settle();
    expect(await lingerers()).toEqual([
      { uid: BOB, name: "bob", state: "absent", manager: null },
      { uid: 4242, name: "later", state: "waiting", manager: null },
    ]);
  });

  it("is told to those who monitor, also when the configuration turns it on", async () => {
    await machine.login(ALICE);
    machine.manager(ALICE).run();
    const watcher = machine.connect(BOB);
    watcher.send({ method: `${OURS}.Monitor`, more: true });
    await machine.kernel.settle();
    const last = () => watcher.answers.at(-1)?.parameters;
    await root.call("SetLinger", { uid: ALICE, enabled: true });
    expect(last()).toMatchObject({ event: "user_changed", users: [{ linger: true }] });
    await root.call("SetLinger", { uid: ALICE, enabled: false });
    expect(last()).toMatchObject({ event: "user_changed", users: [{ linger: false }] });
    const { policy } = machine.engine.world();
    const services = { ...policy.services, users: new Map([["alice", { linger: "yes" as const }]]) };
    const at = { realtime: 1, monotonic: 1 };
    machine.engine.submit({ kind: "policy.changed", at, policy: { ...policy, services } });
    await machine.kernel.settle();
    expect(last()).toMatchObject({ event: "user_changed", users: [{ linger: true }] });
  });

  it("does not wait for a client that went away", async () => {
    const answers: (() => void)[] = [];
    vi.spyOn(machine.kernel, "lookUpUser").mockImplementation((uid, found) => {
      answers.push(() => found({ uid, gid: uid, name: "alice", groups: [] }));
    });
    const client = machine.connect(ALICE);
    client.send({ method: `${OURS}.SetLinger`, parameters: { enabled: true } });
    await machine.kernel.settle();
    client.raw.close();
    await machine.kernel.settle();
    for (const answer of answers) answer();
    await machine.kernel.settle();
    expect(answers).toHaveLength(1);
    expect(machine.lingering.size).toBe(0);
  });
});

describe("Register", () => {
  it("for another user knows that user's groups", async () => {
    const policy = withManagers({ groups: [{ gid: 50, services: { backend: "/lib/backends/dinit" } }] });
    machine = new Machine(policy);
    machine.kernel.system.users.set(ALICE, { uid: ALICE, gid: ALICE, name: "alice", groups: [50] });
    root = machine.connect(0, { parent: machine.process(0) });
    await root.call("Register", { holder: false, uid: ALICE, class: "user" });
    expect(machine.manager(ALICE).order.backend).toBe("/lib/backends/dinit");
  });
});
