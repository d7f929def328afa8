/** Clients that want to hear of everything, and those that do not read what they asked for. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { ALICE, BOB, type Machine, type TestClient, useMachine } from "./machine.ts";

const OURS = "org.sessionman.Login";

let machine: Machine;
let client: TestClient;

useMachine((made, alices) => {
  [machine, client] = [made, alices];
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
    await machine.connect(ALICE, { parent: leader }).call("Register", { holder: false });
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
    const reader = machine.connect(BOB);
    for (const monitor of [client, reader]) monitor.send({ method: `${OURS}.Monitor`, more: true });
    await machine.kernel.settle();
    client.raw.pause();
    const desktop = "x".repeat(60);
    const root = machine.connect(0);
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
    const root = machine.connect(0);
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
    const clients = Array.from({ length: 60 }, () => machine.connect(ALICE));
    for (const each of clients) {
      each.raw.pause();
      each.send(LIST, LIST, LIST);
    }
    const other = machine.connect(BOB);
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
    const slow = machine.connect(ALICE);
    slow.raw.pause();
    slow.send(LIST, LIST, LIST);
    await machine.kernel.settle();
    slow.raw.resume();
    expect(slow.answers).toHaveLength(1);
    await vi.waitFor(() => expect(slow.answers).toHaveLength(3), { timeout: 5000 });
  });
});
