/** The server as a Varlink service, and what becomes of clients that do not behave. */

import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { ALICE, BOB, type Machine, type TestClient, useMachine } from "./machine.ts";

const OURS = "org.sessionman.Login";
const SERVICE = "org.varlink.service";

let machine: Machine;
let client: TestClient;

useMachine((made, alices) => {
  [machine, client] = [made, alices];
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
    const other = machine.connect(BOB);
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
    const patient = machine.connect(ALICE);
    patient.send(...Array.from({ length: 16 }, () => call));
    client.send(...Array.from({ length: 17 }, () => call));
    await machine.kernel.settle();
    expect(patient.raw.closed).toBe(false);
    expect(client.raw.closed).toBe(true);
  });

  it("has 10 seconds for a message, however it drips", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const whole = machine.connect(BOB);
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
      const bad = machine.connect(ALICE);
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
    const gone = machine.connect(ALICE, { parent: leader });
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
