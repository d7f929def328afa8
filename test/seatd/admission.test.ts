/** The seatd server on the in-memory kernel: who is no client of it, or is none any more. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  ALICE,
  BOB,
  CARD,
  CLOSE_SEAT,
  controlOf,
  DISABLE_SEAT,
  i32,
  Machine,
  message,
  OPEN_SEAT,
  openDevice,
  opened,
  PING,
  u16,
  words,
} from "./machine.ts";

describe("is refused", () => {
  const refusals: readonly [string, (machine: Machine) => ReturnType<Machine["connect"]>][] = [
    ["is in no session", (machine) => machine.connect(1, ALICE, { cgroup: "/system.slice/cron" })],
    [
      "is in session 1, which is u1000's",
      (machine) => machine.connect(1, BOB, { cgroup: machine.scope(1, ALICE) }),
    ],
    ["is in session 3, which has no seat", (machine) => machine.connect(3, BOB)],
  ];
  it.each(refusals)("who %s", async (why, connect) => {
    const machine = new Machine();
    const client = await connect(machine);
    expect(client.closed).toBe(true);
    expect(machine.log).toEqual([expect.stringContaining(`on the seatd socket ${why}`)]);
    expect(machine.kernel.system.seats.kept.size).toBe(0);
  });

  it("nobody who is root in the session, or a service of its user", async () => {
    const machine = new Machine();
    const root = await machine.connect(1, 0, { cgroup: machine.scope(1, ALICE) });
    expect(await machine.ask(root, OPEN_SEAT, CLOSE_SEAT)).toEqual(["opened seat0", "ENABLE", "closed"]);
    const service = await machine.connect(1, ALICE, {
      cgroup: "/user.slice/user-1000.slice/user@1000.service/app.slice",
    });
    expect(await machine.ask(service, OPEN_SEAT)).toEqual(["opened seat0", "ENABLE"]);
  });

  it("a second client of the session, and the first goes on", async () => {
    const machine = new Machine();
    const first = await opened(machine);
    const second = await opened(machine);
    expect([first.closed, second.closed, words(second)]).toEqual([false, true, []]);
    expect(machine.log).toEqual([expect.stringContaining("gets no seat: ")]);
    expect(await machine.ask(first, PING)).toEqual(["pong"]);
    expect(controlOf(machine)?.name).toBe("1");
  });

  it("everybody where it is turned off, those of an earlier daemon, too", async () => {
    const machine = new Machine({ enabled: false });
    const client = await machine.connect(1, ALICE);
    expect([client.closed, machine.log]).toEqual([true, []]);
  });

  const violations: readonly [string, readonly Buffer[]][] = [
    ["a second seat", [OPEN_SEAT, OPEN_SEAT]],
    ["a seat after it gave its own back", [OPEN_SEAT, CLOSE_SEAT, OPEN_SEAT]],
    ["something before its seat", [openDevice(CARD)]],
    ["something after its seat", [OPEN_SEAT, CLOSE_SEAT, DISABLE_SEAT]],
    ["something unknown", [OPEN_SEAT, message(9)]],
    ["something of the wrong size", [OPEN_SEAT, message(4, i32(1), i32(1))]],
    ["a path without its end", [OPEN_SEAT, message(3, u16(3), Buffer.from("abc"))]],
  ];
  it.each(violations)("who asks for %s", async (_what, requests) => {
    const machine = new Machine();
    const client = await machine.connect(1, ALICE);
    for (const each of requests) await machine.ask(client, each);
    expect(client.closed).toBe(true);
    expect(machine.log).toHaveLength(1);
    expect(controlOf(machine)).toBeNull();
    expect((await opened(machine)).closed).toBe(false);
  });
});

describe("time", () => {
  beforeEach(
    () => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] }),
  );
  afterEach(() => void vi.useRealTimers());

  const pass = async (machine: Machine, seconds: number) => {
    machine.now += seconds * 1_000_000;
    vi.advanceTimersByTime(seconds * 1000);
    await machine.kernel.settle();
  };

  it("ends who does not ask for a seat, or does not end a request", async () => {
    const machine = new Machine();
    const silent = await machine.connect(1, ALICE);
    await pass(machine, 9);
    expect(silent.closed).toBe(false);
    await pass(machine, 2);
    expect(silent.closed).toBe(true);
    const slow = await opened(machine);
    await pass(machine, 60);
    expect(slow.closed).toBe(false);
    await machine.ask(slow, PING.subarray(0, 2));
    await pass(machine, 5);
    expect(slow.closed).toBe(false);
    await pass(machine, 6);
    expect(slow.closed).toBe(true);
    expect(controlOf(machine)).toBeNull();
    expect(machine.log).toHaveLength(2);
  });

  it("does not end who ends a request late", async () => {
    const machine = new Machine();
    const client = await opened(machine);
    await machine.ask(client, PING.subarray(0, 3));
    await pass(machine, 5);
    client.send(PING.subarray(3));
    await pass(machine, 1);
    expect(words(client).at(-1)).toBe("pong");
    await pass(machine, 60);
    expect(client.closed).toBe(false);
  });
});
