/** The effects about seats: nobody is given what is not written down, and orders report what became of them. */

import { beforeEach, describe, expect, it } from "vitest";
import type { Effect } from "../../daemon/src/core/effects.ts";
import type { Event } from "../../daemon/src/core/events.ts";
import type { SeatRecord } from "../../daemon/src/core/seat-events.ts";
import type { Device, Taken } from "../../daemon/src/core/seat-model.ts";
import { createMemoryKernel, type MemoryKernel } from "../../daemon/src/kernel/memory.ts";
import type { Ports } from "../../daemon/src/loop/ports.ts";
import { Runner } from "../../daemon/src/loop/run.ts";

const ALICE = 1000;
const BOB = 1001;
const NODE = "/dev/dri/card0";
const CARD: Device = {
  path: "/sys/devices/card0",
  parent: "",
  subsystem: "drm",
  name: "card0",
  node: NODE,
  number: { major: 226, minor: 0, block: false },
  seat: "seat0",
  master: true,
  uaccess: true,
  assignable: true,
  idForSeat: "",
};
const TAKEN: Taken = {
  key: 1,
  kind: "drm",
  major: 226,
  minor: 0,
  node: NODE,
  path: CARD.path,
  state: "opening",
  told: "paused",
  tries: 0,
  answered: false,
};
const requester = { room: "login1", call: 7 } as const;

const save = (granted: readonly number[]): Effect => ({
  kind: "seat.save",
  seat: { id: "seat0", chosen: null, granted },
});
const access = (uid: number | null, remove: readonly number[] = []): Effect => ({
  kind: "access.set",
  seat: "seat0",
  devices: [CARD],
  uid,
  remove,
});

describe("the effects of seats", () => {
  let kernel: MemoryKernel;
  let events: Event[];
  let log: string[];
  let records: SeatRecord[];
  let full: boolean;
  let runner: Runner;
  const run = (...effects: readonly Effect[]) => {
    for (const effect of effects) runner.run(effect);
  };
  const granted = () => kernel.system.seats.granted(NODE);

  beforeEach(() => {
    kernel = createMemoryKernel();
    kernel.system.seats.plug(CARD);
    [events, log, records, full] = [[], [], [], false];
    const note = (message: string) => void log.push(message);
    const ports = {
      store: {
        saveSeat(seat: SeatRecord) {
          if (full) throw new Error("write seats/seat0: ENOSPC");
          records.push(seat);
        },
      },
      system: kernel,
      clock: { now: () => ({ realtime: 2, monotonic: 1 }) },
      replies: { login1: { callReply: (_call: number, result: { ok: boolean }) => note(String(result.ok)) } },
      log: { info: note, warn: note, error: note },
    } as unknown as Ports;
    runner = new Runner(ports, (event) => void events.push(event), {
      seatWritten() {},
      published() {},
      publishedSoon() {},
      switchPublished() {},
    });
  });

  it("give access to one user after the other", () => {
    run(save([ALICE]), access(ALICE));
    expect(granted()).toEqual([ALICE]);
    run(access(null, [ALICE]), save([ALICE, BOB]), access(BOB, [ALICE]));
    expect(granted()).toEqual([BOB]);
    expect(log).toEqual([]);
  });

  it("give nobody access while it cannot be written down, and take away what there is", () => {
    run(save([ALICE]), access(ALICE));
    full = true;
    run(access(null, [ALICE]), save([ALICE, BOB]), access(BOB, [ALICE]));
    expect(granted()).toEqual([]);
    expect(log).toEqual([
      "cannot record seat seat0: write seats/seat0: ENOSPC: nobody is given its devices until that can be done",
    ]);
    full = false;
    run(access(BOB, [ALICE]));
    expect(granted()).toEqual([BOB]);
    expect(records.at(-1)).toEqual({ id: "seat0", chosen: null, granted: [ALICE, BOB] });
  });

  it("say which node could not be given", () => {
    kernel.system.seats.broken.add(NODE);
    run(save([ALICE]), access(ALICE));
    expect(log).toEqual([`access to the devices of seat0: ${NODE}: setxattr: EIO`]);
  });

  it("report what became of devices and terminals", async () => {
    const { seats } = kernel.system;
    seats.refuse("takeVt", "EIO");
    seats.refuse("openDevice", "ENODEV");
    const open: Effect = {
      kind: "device.open",
      id: "1",
      device: TAKEN,
      vt: 1,
      pid: 9,
      active: true,
      requester,
    };
    const order = (kind: "device.pause" | "device.resume" | "device.close"): Effect => ({
      kind,
      id: "1",
      key: 1,
    });
    run({ kind: "vt.take", id: "1", vt: 2, uid: ALICE }, open, open);
    run(order("device.pause"), order("device.resume"), order("device.close"), order("device.pause"));
    expect(events).toEqual([]);
    await kernel.settle();
    const at = { realtime: 2, monotonic: 1 };
    const about = { at, id: "1", key: 1 };
    expect(events).toEqual([
      { kind: "vt.taken", at, id: "1", error: "EIO" },
      { kind: "device.opened", ...about, requester, result: { errno: "ENODEV" } },
      { kind: "device.opened", ...about, requester, result: { active: true } },
      { kind: "device.paused", ...about, error: null },
      { kind: "device.resumed", ...about, error: null },
      { kind: "device.closed", ...about, error: null },
      { kind: "device.paused", ...about, error: "ENOENT" },
    ]);
  });

  it("answer who asks for a switch, whether or not there is anything to switch to", () => {
    const activate: Effect = { kind: "vt.activate", vt: 2, id: "1", requester };
    run(activate);
    kernel.system.activeVt = null;
    run(activate);
    expect(log).toEqual(["true", "false"]);
  });
});
