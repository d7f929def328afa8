/** The seatd server on the in-memory kernel: what clients are told, and who is none. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newCard, newKeyboard } from "../control/devices.ts";
import {
  ALICE,
  BOB,
  CLOSE_SEAT,
  closeDevice,
  DISABLE_SEAT,
  i32,
  Machine,
  OPEN_SEAT,
  openDevice,
  PING,
  request,
  switchSession,
  u16,
  words,
} from "./machine.ts";

const CARD = "/dev/dri/card0";
const EVENT = "/dev/input/event3";
const [EPERM, ENOENT, EBADF, EBUSY, EACCES, EINVAL] = [1, 2, 9, 16, 13, 22];
const DEVICES = [newCard(0), ...newKeyboard(3), newCard(1, { seat: "seat-2" })];

async function opened(machine: Machine, id = 1, uid = ALICE) {
  const client = await machine.connect(id, uid);
  await machine.ask(client, OPEN_SEAT);
  return client;
}

const controlOf = (machine: Machine, id = "1") => machine.world.sessions.get(id)?.control;

describe("a client", () => {
  it("has its seat, its devices and its end", async () => {
    const machine = new Machine(DEVICES);
    const client = await machine.connect(1, ALICE);
    expect(await machine.ask(client, PING)).toEqual(["pong"]);
    expect(await machine.ask(client, OPEN_SEAT)).toEqual(["opened seat0", "ENABLE"]);
    expect(controlOf(machine)).toMatchObject({ bus: "seatd", name: "1", uid: ALICE, seat: "enabled" });
    expect(machine.world.sessions.get("1")?.type).toBe("wayland");
    expect([...machine.kernel.system.seats.vts]).toEqual([[2, ALICE]]);
    const [card, event] = await machine.ask(client, openDevice(CARD), openDevice(EVENT));
    expect([card, event]).toEqual(["device 1 +fd", "device 2 +fd"]);
    expect(await machine.ask(client, closeDevice(2))).toEqual(["device closed"]);
    expect(await machine.ask(client, closeDevice(2), closeDevice(3), closeDevice(-1))).toEqual([
      "device closed",
      `error ${EBADF}`,
      `error ${EBADF}`,
    ]);
    expect(await machine.ask(client, CLOSE_SEAT)).toEqual(["closed"]);
    expect(controlOf(machine)).toBeNull();
    expect([...machine.kernel.system.seats.vts, ...machine.kernel.system.seats.taken]).toEqual([]);
    client.close();
    await machine.kernel.settle();
    expect(machine.log).toEqual([]);
  });

  it("that closes its connection has nothing any more", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    await machine.ask(client, openDevice(CARD));
    client.close();
    await machine.kernel.settle();
    expect(controlOf(machine)).toBeNull();
    expect([...machine.kernel.system.seats.taken]).toEqual([]);
  });

  it("is told why it cannot have a device", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    expect(await machine.ask(client, openDevice("/dev/dri/card7"))).toEqual([`error ${ENOENT}`]);
    expect(await machine.ask(client, openDevice("/dev/dri/card1"))).toEqual([`error ${EPERM}`]);
    machine.kernel.system.seats.refuse("openDevice", "EACCES");
    expect(await machine.ask(client, openDevice(CARD))).toEqual([`error ${EACCES}`]);
    machine.kernel.system.seats.plug({ ...newCard(9), subsystem: "sound", name: "pcm", node: "/dev/snd" });
    expect(await machine.ask(client, openDevice("/dev/snd"))).toEqual([`error ${ENOENT}`]);
    expect(await machine.ask(client, PING)).toEqual(["pong"]);
  });

  it("closes a device that was unplugged", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    await machine.ask(client, openDevice(EVENT));
    const path = DEVICES.find(({ node }) => node === EVENT)?.path ?? "";
    machine.kernel.system.seats.unplug(path);
    await machine.kernel.settle();
    expect(machine.world.sessions.get("1")?.devices).toEqual([]);
    expect(await machine.ask(client, closeDevice(1))).toEqual(["device closed"]);
  });

  it("opens a device twice and has it once", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    expect(await machine.ask(client, openDevice(CARD), openDevice(CARD))).toEqual([
      "device 1 +fd",
      "device 1 +fd",
    ]);
    expect(machine.kernel.system.seats.taken.size).toBe(1);
  });
});

describe("a switch", () => {
  it("goes away and comes back", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    await machine.ask(client, openDevice(CARD), openDevice(EVENT));
    expect(await machine.ask(client, switchSession(3))).toEqual(["switched", "DISABLE"]);
    const { taken } = machine.kernel.system.seats;
    expect([...taken.values()].map(({ active }) => active)).toEqual([false, false]);
    expect(await machine.ask(client, openDevice(CARD))).toEqual([`error ${EPERM}`]);
    expect(await machine.ask(client, PING)).toEqual(["pong"]);
    expect(await machine.ask(client, DISABLE_SEAT)).toEqual(["disabled"]);
    expect(await machine.ask(client, switchSession(2))).toEqual([`error ${EPERM}`]);
    expect(await machine.ask(client, closeDevice(2))).toEqual(["device closed"]);
    const before = client.received.length;
    await machine.show(2);
    expect(words(client).slice(before)).toEqual(["ENABLE"]);
    expect(taken.get(1)?.active).toBe(true);
    expect(await machine.ask(client, openDevice(EVENT))).toEqual(["device 3 +fd"]);
  });

  it("back before the client has put down its seat waits for that", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    await machine.show(3);
    await machine.show(2);
    expect(words(client).slice(2)).toEqual(["DISABLE"]);
    const answers = await machine.ask(client, DISABLE_SEAT);
    expect(answers.sort()).toEqual(["ENABLE", "disabled"]);
  });

  it("to itself and to nowhere is answered", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    expect(await machine.ask(client, switchSession(2))).toEqual(["switched"]);
    expect(await machine.ask(client, switchSession(0), switchSession(-1), switchSession(64))).toEqual([
      `error ${EINVAL}`,
      `error ${EINVAL}`,
      `error ${EINVAL}`,
    ]);
    expect(await machine.ask(client, DISABLE_SEAT)).toEqual([`error ${EBUSY}`]);
  });

  it("finds a client that opens its seat behind the foreground waiting", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine, 2, BOB);
    expect(words(client)).toEqual(["opened seat0"]);
    expect(await machine.ask(client, openDevice(CARD))).toEqual([`error ${EPERM}`]);
    await machine.show(3);
    expect(words(client).slice(2)).toEqual(["ENABLE"]);
  });
});

describe("the two answers that libseat up to 0.8 does not take", () => {
  const answers = async (machine: Machine, libseat: string | null) => {
    const libraries = new Map(libseat === null ? [] : [["libseat", libseat]]);
    const client = await machine.connect(1, ALICE, { libraries });
    await machine.ask(client, OPEN_SEAT);
    return machine.ask(client, switchSession(2), DISABLE_SEAT, PING);
  };
  const new_ = "... expected background event ...";
  const middle = "... Device paused (%s) ...";
  const old = "... DRM device paused: %s ... Could not activate session";

  it.each([
    ["auto", new_, true],
    ["auto", middle, true],
    ["auto", old, false],
    ["auto", "built without logind", true],
    ["auto", null, true],
    ["0.9", old, true],
    ["0.8", new_, false],
  ] as const)("%s, and the library says %o: answered is %s", async (protocol, libseat, answered) => {
    const machine = new Machine(DEVICES, { protocol });
    expect(await answers(machine, libseat)).toEqual(
      answered ? ["switched", `error ${EBUSY}`, "pong"] : ["pong"],
    );
  });

  it("are not given to a client that did not wait for them", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    expect(await machine.ask(client, Buffer.concat([switchSession(2), PING]))).toEqual(["pong"]);
    expect(await machine.ask(client, switchSession(2))).toEqual([]);
  });
});

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
    const machine = new Machine(DEVICES);
    const client = await connect(machine);
    expect(client.closed).toBe(true);
    expect(machine.log).toEqual([expect.stringContaining(`on the seatd socket ${why}`)]);
    expect(machine.kernel.system.seats.kept.size).toBe(0);
  });

  it("nobody who is root in the session, or a service of its user", async () => {
    const machine = new Machine(DEVICES);
    const root = await machine.connect(1, 0, { cgroup: machine.scope(1, ALICE) });
    expect(await machine.ask(root, OPEN_SEAT, CLOSE_SEAT)).toEqual(["opened seat0", "ENABLE", "closed"]);
    const service = await machine.connect(1, ALICE, {
      cgroup: "/user.slice/user-1000.slice/user@1000.service/app.slice",
    });
    expect(await machine.ask(service, OPEN_SEAT)).toEqual(["opened seat0", "ENABLE"]);
  });

  it("a second client of the session, and the first goes on", async () => {
    const machine = new Machine(DEVICES);
    const first = await opened(machine);
    const second = await opened(machine);
    expect([first.closed, second.closed, words(second)]).toEqual([false, true, []]);
    expect(machine.log).toEqual([expect.stringContaining("gets no seat: ")]);
    expect(await machine.ask(first, PING)).toEqual(["pong"]);
    expect(controlOf(machine)?.name).toBe("1");
  });

  it("everybody where it is turned off, those of an earlier daemon, too", async () => {
    const machine = new Machine(DEVICES, { enabled: false });
    const client = await machine.connect(1, ALICE);
    expect([client.closed, machine.log]).toEqual([true, []]);
  });

  const violations: readonly [string, readonly Buffer[]][] = [
    ["a second seat", [OPEN_SEAT, OPEN_SEAT]],
    ["a seat after it gave its own back", [OPEN_SEAT, CLOSE_SEAT, OPEN_SEAT]],
    ["something before its seat", [openDevice(CARD)]],
    ["something after its seat", [OPEN_SEAT, CLOSE_SEAT, DISABLE_SEAT]],
    ["something unknown", [OPEN_SEAT, request(9)]],
    ["something of the wrong size", [OPEN_SEAT, request(4, i32(1), i32(1))]],
    ["a path without its end", [OPEN_SEAT, request(3, u16(3), Buffer.from("abc"))]],
  ];
  it.each(violations)("who asks for %s", async (_what, requests) => {
    const machine = new Machine(DEVICES);
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
    const machine = new Machine(DEVICES);
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
    const machine = new Machine(DEVICES);
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

describe("a slow reader", () => {
  it("is not listened to until it has read", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    client.pause();
    expect(await machine.ask(client, PING, PING, PING)).toEqual([]);
    expect(client.unanswered).toEqual(Buffer.concat([PING, PING, PING]));
    client.resume();
    await machine.kernel.settle();
    expect(words(client).slice(2)).toEqual(["pong", "pong", "pong"]);
    expect(client.unanswered).toHaveLength(0);
  });

  it("gets events and answers in their order", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    client.pause();
    await machine.ask(client, openDevice(CARD));
    await machine.show(3);
    client.resume();
    await machine.kernel.settle();
    expect(words(client).slice(2)).toEqual(["device 1 +fd", "DISABLE"]);
  });
});

describe("a new daemon", () => {
  it("goes on with clients and answers what was not answered", async () => {
    const machine = new Machine(DEVICES);
    const client = await opened(machine);
    await machine.ask(client, openDevice(CARD));
    const ended = machine.kernel;
    client.send(openDevice(EVENT));
    machine.restart();
    await machine.kernel.settle();
    expect(machine.kernel).not.toBe(ended);
    expect(words(client).slice(3)).toEqual(["device 2 +fd"]);
    expect(await machine.ask(client, switchSession(3), DISABLE_SEAT)).toEqual([
      "switched",
      "DISABLE",
      "disabled",
    ]);
    client.close();
    await machine.kernel.settle();
    expect(controlOf(machine)).toBeNull();
  });

  it("opens a seat that the last one was asked for", async () => {
    const machine = new Machine(DEVICES);
    const client = await machine.connect(1, ALICE);
    client.send(OPEN_SEAT);
    machine.restart();
    await machine.kernel.settle();
    expect(words(client)).toEqual(["opened seat0", "ENABLE"]);
  });

  it("answers again who was given a seat and not told so", async () => {
    const machine = new Machine(DEVICES);
    const client = await machine.connect(1, ALICE);
    client.pause();
    await machine.ask(client, OPEN_SEAT);
    expect(controlOf(machine)?.name).toBe("1");
    machine.restart();
    client.resume();
    await machine.kernel.settle();
    expect(words(client)).toEqual(["opened seat0"]);
  });

  it("knows again which answers a client takes", async () => {
    const machine = new Machine(DEVICES);
    const libraries = new Map([["libseat", "DRM device paused: %s"]]);
    const client = await machine.connect(1, ALICE, { libraries });
    await machine.ask(client, OPEN_SEAT);
    machine.restart();
    expect(await machine.ask(client, switchSession(2), PING)).toEqual(["pong"]);
  });
});
