/** The seatd server on the in-memory kernel: what clients are told. */

import { describe, expect, it } from "vitest";
import { newCard } from "../control/devices.ts";
import {
  ALICE,
  BOB,
  CARD,
  CLOSE_SEAT,
  closeDevice,
  controlOf,
  DEVICES,
  DISABLE_SEAT,
  EVENT,
  Machine,
  OPEN_SEAT,
  openDevice,
  opened,
  PING,
  switchSession,
  words,
} from "./machine.ts";

const [EPERM, ENOENT, EBADF, EBUSY, EACCES, EINVAL] = [1, 2, 9, 16, 13, 22];

describe("a client", () => {
  it("has its seat, its devices and its end", async () => {
    const machine = new Machine();
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
    const machine = new Machine();
    const client = await opened(machine);
    await machine.ask(client, openDevice(CARD));
    client.close();
    await machine.kernel.settle();
    expect(controlOf(machine)).toBeNull();
    expect([...machine.kernel.system.seats.taken]).toEqual([]);
  });

  it("is told why it cannot have a device", async () => {
    const machine = new Machine();
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
    const machine = new Machine();
    const client = await opened(machine);
    await machine.ask(client, openDevice(EVENT));
    const path = DEVICES.find(({ node }) => node === EVENT)?.path ?? "";
    machine.kernel.system.seats.unplug(path);
    await machine.kernel.settle();
    expect(machine.world.sessions.get("1")?.devices).toEqual([]);
    expect(await machine.ask(client, closeDevice(1))).toEqual(["device closed"]);
  });

  it("opens a device twice and has it once", async () => {
    const machine = new Machine();
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
    const machine = new Machine();
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
    const machine = new Machine();
    const client = await opened(machine);
    await machine.show(3);
    await machine.show(2);
    expect(words(client).slice(2)).toEqual(["DISABLE"]);
    const answers = await machine.ask(client, DISABLE_SEAT);
    expect(answers.sort()).toEqual(["ENABLE", "disabled"]);
  });

  it("to itself and to nowhere is answered", async () => {
    const machine = new Machine();
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
    const machine = new Machine();
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
    const machine = new Machine({ protocol });
    expect(await answers(machine, libseat)).toEqual(
      answered ? ["switched", `error ${EBUSY}`, "pong"] : ["pong"],
    );
  });

  it("are not given to a client that did not wait for them", async () => {
    const machine = new Machine();
    const client = await opened(machine);
    expect(await machine.ask(client, Buffer.concat([switchSession(2), PING]))).toEqual(["pong"]);
    expect(await machine.ask(client, switchSession(2))).toEqual([]);
  });
});

describe("a slow reader", () => {
  it("is not listened to until it has read", async () => {
    const machine = new Machine();
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
    const machine = new Machine();
    const client = await opened(machine);
    client.pause();
    await machine.ask(client, openDevice(CARD));
    await machine.show(3);
    client.resume();
    await machine.kernel.settle();
    expect(words(client).slice(2)).toEqual(["device 1 +fd", "DISABLE"]);
  });
});
