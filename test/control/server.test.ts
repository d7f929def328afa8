import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ALICE, BOB, Machine, type TestClient } from "./machine.ts";

const OURS = "org.sessionman.Login";
const SERVICE = "org.varlink.service";

let machine: Machine;
let client: TestClient;

beforeEach(() => {
  machine = new Machine();
  client = machine.client(machine.process(ALICE));
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a Varlink service", () => {
  it("says who it is", async () => {
    const { parameters } = await client.call(`${SERVICE}.GetInfo`);
    expect(parameters).toMatchObject({
      product: "sessionman",
      version: "1.2.3",
      interfaces: [SERVICE, OURS],
    });
  });

  it("describes its interface as the file does", async () => {
    const { parameters } = await client.call(`${SERVICE}.GetInterfaceDescription`, { interface: OURS });
    const file = readFileSync(new URL("../../conf/org.sessionman.Login.varlink", import.meta.url), "utf8");
    expect(parameters).toEqual({ description: file });
  });

  it("describes the service interface", async () => {
    const { parameters } = await client.call(`${SERVICE}.GetInterfaceDescription`, { interface: SERVICE });
    expect(parameters?.description).toMatch(/^interface org\.varlink\.service$/m);
  });

  it.each([
    [`${OURS}.NoSuch`, {}, "MethodNotFound", { method: `${OURS}.NoSuch` }],
    [`${OURS}.toString`, {}, "MethodNotFound", { method: `${OURS}.toString` }],
    [`${OURS}.__proto__`, {}, "MethodNotFound", { method: `${OURS}.__proto__` }],
    [`${SERVICE}.NoSuch`, {}, "MethodNotFound", { method: `${SERVICE}.NoSuch` }],
    ["org.example.Other.Call", {}, "InterfaceNotFound", { interface: "org.example.Other" }],
    [`${SERVICE}.GetInterfaceDescription`, { interface: "a.b" }, "InterfaceNotFound", { interface: "a.b" }],
    [`${SERVICE}.GetInterfaceDescription`, {}, "InvalidParameter", { parameter: "interface" }],
    [`${OURS}.GetSession`, {}, "InvalidParameter", { parameter: "id" }],
    [`${OURS}.GetSession`, { id: 1 }, "InvalidParameter", { parameter: "id" }],
    [`${OURS}.GetSession`, { id: null }, "InvalidParameter", { parameter: "id" }],
    [`${OURS}.GetSession`, { id: "1", extra: true }, "InvalidParameter", { parameter: "extra" }],
    [`${OURS}.GetUser`, { uid: "1000" }, "InvalidParameter", { parameter: "uid" }],
    [`${OURS}.GetUser`, { uid: 1.5 }, "InvalidParameter", { parameter: "uid" }],
    [`${OURS}.KillSession`, { id: "1", whom: "some", signal: 9 }, "InvalidParameter", { parameter: "whom" }],
    [`${OURS}.KillSession`, { id: "1", whom: "all", signal: 0 }, "InvalidParameter", { parameter: "signal" }],
    [
      `${OURS}.KillSession`,
      { id: "1", whom: "all", signal: 65 },
      "InvalidParameter",
      { parameter: "signal" },
    ],
    [`${OURS}.ListSessions`, { all: true }, "InvalidParameter", { parameter: "all" }],
  ])("answers %s with %j by %s", async (method, parameters, error, details) => {
    expect(await client.call(method, parameters)).toEqual({
      error: `${SERVICE}.${error}`,
      parameters: details,
    });
  });

  it("takes __proto__ for an unknown parameter", async () => {
    const answer = await client.call("GetSession", JSON.parse('{"id":"1","__proto__":{}}'));
    expect(answer).toEqual({ error: `${SERVICE}.InvalidParameter`, parameters: { parameter: "__proto__" } });
  });

  it("does not upgrade connections", async () => {
    const answer = await client.call("GetStatus", {}, { upgrade: true });
    expect(answer.error).toBe(`${SERVICE}.MethodNotImplemented`);
  });

  it("does not answer oneway calls, and serves what comes after them", async () => {
    client.send({ method: `${OURS}.GetStatus`, oneway: true }, { method: `${OURS}.NoSuch`, oneway: true });
    expect((await client.call("ListSessions")).parameters).toEqual({ sessions: [] });
    expect(client.answers).toHaveLength(1);
  });

  it("answers pipelined calls in their order", async () => {
    await machine.session(ALICE);
    client.send(
      { method: `${OURS}.KillSession`, parameters: { id: "1", whom: "leader", signal: 18 } },
      { method: `${OURS}.GetSession`, parameters: { id: "7" } },
      { method: `${OURS}.GetStatus` },
    );
    await machine.kernel.settle();
    expect(
      client.answers.map((answer) => answer.error ?? Object.keys(answer.parameters ?? {}).length),
    ).toEqual([0, `${OURS}.NoSuchSession`, 6]);
  });

  it("says once more than an error of its own is an error", async () => {
    await machine.session(ALICE);
    machine.kernel.system.scopes.clear();
    vi.spyOn(machine.engine, "world").mockImplementation(() => {
      throw new Error("out of order");
    });
    expect((await client.call("ListSessions")).error).toBe(`${OURS}.Failed`);
    vi.restoreAllMocks();
    expect((await client.call("ListSessions")).error).toBeUndefined();
    expect(machine.log).toContain(`bug: ${OURS}.ListSessions`);
  });
});

describe("a client that breaks the protocol", () => {
  it.each([
    ["no JSON", "nonsense\0"],
    ["no object", "[]\0"],
    ["no method", "{}\0"],
    ["too long a message", `${"x".repeat(65_536)}x`],
  ])("loses its own connection and no other: %s", async (_what, text) => {
    const other = machine.client(machine.process(BOB));
    client.raw.send(Buffer.from(text.slice(0, 40_000)));
    client.raw.send(Buffer.from(text.slice(40_000)));
    await machine.kernel.settle();
    expect(client.raw.closed).toBe(true);
    expect((await other.call("GetStatus")).error).toBeUndefined();
  });

  it("still gets the answers to what came before", async () => {
    client.raw.send(Buffer.from(`{"method":"${OURS}.GetStatus"}\0}`));
    client.raw.send(Buffer.from("\0"));
    await machine.kernel.settle();
    expect(client.answers).toHaveLength(1);
    expect(client.raw.closed).toBe(true);
  });

  it("may not have more than 16 calls waiting", async () => {
    const call = { method: `${OURS}.Register`, parameters: { holder: false, leader: 1 } };
    const patient = machine.client(machine.process(ALICE));
    patient.send(...Array.from({ length: 16 }, () => call));
    client.send(...Array.from({ length: 17 }, () => call));
    await machine.kernel.settle();
    expect(patient.raw.closed).toBe(false);
    expect(client.raw.closed).toBe(true);
  });

  it("has 10 seconds for a message, however it drips", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const whole = machine.client(machine.process(BOB));
    await whole.call("GetStatus");
    for (let second = 0; second < 10; second++) {
      expect(client.raw.closed).toBe(false);
      client.raw.send(Buffer.from("{"));
      await machine.kernel.settle();
      machine.now += 1_000_000;
      vi.advanceTimersByTime(1000);
    }
    machine.now += 1_000_000;
    vi.advanceTimersByTime(1000);
    expect(client.raw.closed).toBe(true);
    expect(whole.raw.closed).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("cannot fill the log", async () => {
    for (let i = 0; i < 60; i++) {
      const bad = machine.client(machine.process(ALICE));
      bad.raw.send(Buffer.from("}\0"));
      await machine.kernel.settle();
    }
    expect(machine.log.filter((line) => line.includes("user 1000"))).toHaveLength(20);
    machine.now += 30_000_000;
    client.raw.send(Buffer.from("}\0"));
    await machine.kernel.settle();
    expect(machine.log.at(-2)).toBe("40 more messages about user 1000 were left out");
  });
});

describe("an order that the core does not answer", () => {
  it("fails after 30 seconds, and the connection goes on", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { id } = await machine.session(ALICE);
    const submit = vi.spyOn(machine.engine, "submit").mockImplementation(() => {});
    client.send({ method: `${OURS}.TerminateSession`, parameters: { id } }, { method: `${OURS}.GetStatus` });
    await machine.kernel.settle();
    machine.now += 29_000_000;
    vi.advanceTimersByTime(1000);
    expect(client.answers).toEqual([]);
    machine.now += 1_000_000;
    vi.advanceTimersByTime(1000);
    await machine.kernel.settle();
    expect(client.answers[0]?.error).toBe(`${OURS}.Failed`);
    expect(client.answers).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
    submit.mockRestore();
  });

  it("gives no session to a client that went away while it was opened", async () => {
    const leader = machine.process(ALICE);
    const gone = machine.client(machine.process(ALICE, { parent: leader }));
    const submitted: (() => void)[] = [];
    const submit = machine.engine.submit.bind(machine.engine);
    const spy = vi
      .spyOn(machine.engine, "submit")
      .mockImplementation((event) => submitted.push(() => submit(event)));
    gone.send({ method: `${OURS}.Register`, parameters: { holder: false } });
    await machine.kernel.settle();
    gone.raw.close();
    await machine.kernel.settle();
    spy.mockRestore();
    for (const run of submitted) run();
    await machine.kernel.settle();
    const { parameters } = await client.call("ListSessions");
    expect(parameters?.sessions).toMatchObject([{ state: "closing", closingReason: "deregistered" }]);
  });
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
    const inside = machine.client(machine.process(BOB, { parent: leader }));
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
    const inside = machine.client(machine.process(ALICE, { parent: shell }));
    expect((await inside.call("GetSessionByProcess", {})).parameters).toMatchObject({
      session: { id, scope: null },
    });
    expect((await client.call("GetSessionByProcess", {})).error).toBe(`${OURS}.NotInSession`);
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

describe("Monitor", () => {
  const events = (from: TestClient) => from.answers.map(({ parameters }) => parameters?.event);

  it("gives one snapshot to a client that does not ask for more", async () => {
    const answer = await client.call("Monitor");
    const seat0 = { id: "seat0", graphical: false, terminals: true, activeVt: 1 };
    const seats = [{ ...seat0, activeSession: null, sessions: [] }];
    expect(answer).toEqual({ parameters: { event: "snapshot", sessions: [], users: [], seats } });
    expect((await client.call("GetStatus")).error).toBeUndefined();
  });

  it("tells a session's life, the user around it", async () => {
    client.send({ method: `${OURS}.Monitor`, more: true });
    const { id, leader } = await machine.session(BOB);
    machine.kernel.system.exit(leader);
    await machine.kernel.settle();
    await machine.kernel.settle();
    const seen = events(client);
    expect(seen[0]).toBe("snapshot");
    expect(seen.indexOf("user_new")).toBeLessThan(seen.indexOf("session_new"));
    expect(seen.indexOf("session_removed")).toBeLessThan(seen.indexOf("user_removed"));
    expect(seen.filter((event) => event === "session_new" || event === "user_new")).toHaveLength(2);
    expect(client.answers.every((answer) => answer.continues === true)).toBe(true);
    const last = client.answers.findLast(({ parameters }) => parameters?.event === "session_removed");
    expect(last?.parameters?.sessions).toMatchObject([{ id, state: "closing" }]);
  });

  it("tells what a switch of the screen changes", async () => {
    const leader = machine.process(ALICE, { terminal: "tty2" });
    await machine.client(machine.process(ALICE, { parent: leader })).call("Register", { holder: false });
    client.send({ method: `${OURS}.Monitor`, more: true });
    machine.kernel.system.switchVt(2);
    await machine.kernel.settle();
    const [first, ...changes] = client.answers.map(({ parameters }) => parameters);
    expect(first?.sessions).toMatchObject([{ state: "online", seat: "seat0", vtnr: 2 }]);
    expect(changes).toMatchObject([
      { event: "session_changed", sessions: [{ state: "active" }] },
      { event: "user_changed", users: [{ state: "active" }] },
      { event: "seat_changed", seats: [{ id: "seat0", activeVt: 2, activeSession: "1", sessions: ["1"] }] },
    ]);
  });

  it("ends for a client that does not read, not for others", async () => {
    const reader = machine.client(machine.process(BOB));
    for (const monitor of [client, reader]) monitor.send({ method: `${OURS}.Monitor`, more: true });
    await machine.kernel.settle();
    client.raw.pause();
    const desktop = "x".repeat(60);
    const root = machine.client(machine.process(0));
    for (let i = 0; i < 12_000 && !client.raw.closed; i++) {
      const leader = machine.process(ALICE);
      root.send({ method: `${OURS}.Register`, parameters: { holder: false, leader, uid: ALICE, desktop } });
      await new Promise(setImmediate);
      machine.kernel.system.exit(leader);
      await new Promise(setImmediate);
    }
    expect(client.raw.closed).toBe(true);
    expect(reader.raw.closed).toBe(false);
  });
});

describe("one user's clients that do not read", () => {
  const LIST = { method: `${OURS}.ListSessions` };

  beforeEach(async () => {
    const root = machine.client(machine.process(0));
    for (let i = 0; i < 400; i++) {
      const parameters = {
        holder: false,
        leader: machine.process(ALICE),
        uid: ALICE,
        remoteHost: "h".repeat(1000),
      };
      root.send({ method: `${OURS}.Register`, parameters });
      await new Promise(setImmediate);
    }
    await machine.kernel.settle();
    expect(machine.engine.world().sessions.size).toBe(400);
  });

  it("keep at most 16 MiB of the daemon's memory, and nobody from being answered", async () => {
    const clients = Array.from({ length: 60 }, () => machine.client(machine.process(ALICE)));
    for (const each of clients) {
      each.raw.pause();
      each.send(LIST, LIST, LIST);
    }
    const other = machine.client(machine.process(BOB));
    other.send(LIST);
    await vi.waitFor(() => expect(other.answers).toHaveLength(1));
    await vi.waitFor(() => expect(clients.filter((each) => each.raw.closed).length).toBeGreaterThan(20));
    const left = clients.filter((each) => !each.raw.closed);
    for (const each of left) each.raw.resume();
    const bytes = left.flatMap((each) => each.raw.received).reduce((sum, part) => sum + part.bytes.length, 0);
    expect(bytes).toBeLessThanOrEqual(16 * 1024 * 1024);
    expect(bytes).toBeGreaterThan(8 * 1024 * 1024);
  });

  it("get their further answers when they read again", async () => {
    const slow = machine.client(machine.process(ALICE));
    slow.raw.pause();
    slow.send(LIST, LIST, LIST);
    await machine.kernel.settle();
    slow.raw.resume();
    expect(slow.answers).toHaveLength(1);
    await vi.waitFor(() => expect(slow.answers).toHaveLength(3), { timeout: 5000 });
  });
});
