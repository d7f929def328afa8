/** The seatd server on the in-memory kernel: what a new daemon takes over from the last one. */

import { describe, expect, it } from "vitest";
import {
  ALICE,
  CARD,
  controlOf,
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

describe("a new daemon", () => {
  it("goes on with clients and answers what was not answered", async () => {
    const machine = new Machine();
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
    const machine = new Machine();
    const client = await machine.connect(1, ALICE);
    client.send(OPEN_SEAT);
    machine.restart();
    await machine.kernel.settle();
    expect(words(client)).toEqual(["opened seat0", "ENABLE"]);
  });

  it("answers again who was given a seat and not told so", async () => {
    const machine = new Machine();
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
    const machine = new Machine();
    const libraries = new Map([["libseat", "DRM device paused: %s"]]);
    const client = await machine.connect(1, ALICE, { libraries });
    await machine.ask(client, OPEN_SEAT);
    machine.restart();
    expect(await machine.ask(client, switchSession(2), PING)).toEqual(["pong"]);
  });
});
