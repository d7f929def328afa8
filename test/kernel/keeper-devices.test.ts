/** Devices, terminals and connections over the keeper's channel, spoken to by its records. */

import { closeSync, openSync, readSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Addon, loadAddon } from "../../daemon/src/kernel/addon.ts";
import { createKeeper, type Keeper } from "../../daemon/src/kernel/keeper.ts";
import { Poller } from "../../daemon/src/kernel/poller.ts";
import { Turns } from "../../daemon/src/kernel/turns.ts";
import { ADDON, awhile, loadPeer, openFds, unable, until } from "./rig.ts";
import { recordOf, textOf } from "./runner.ts";

const DONE = 3;
const LEFT = 11;
const HELD = 14;
const [DEVICES, VTS, CONNECTIONS] = [1, 2, 3];
/** No more is held. */
const END = recordOf(HELD);

describe.skipIf(unable)(`devices over the keeper's channel ${unable || ""}`, () => {
  const peer = unable ? (null as never) : loadPeer();
  const addon = unable ? (null as never as Addon) : loadAddon(ADDON);
  let poller: Poller;
  let keeper: Keeper;
  let theirs = 0;
  const device = {
    key: 7,
    kind: "evdev",
    major: 13,
    minor: 64,
    node: "/dev/input/event0",
    vt: 2,
    active: true,
  } as const;

  const say = (bytes: Buffer, fds: readonly number[] = []) => addon.send(theirs, bytes, 0, fds);
  const begin = (...before: (readonly [Buffer, readonly number[]])[]) => {
    const [one, other] = peer.pair();
    theirs = one;
    for (const [bytes, fds] of before) say(bytes, fds);
    poller = new Poller(addon);
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    keeper = createKeeper({ addon, poller, turns: new Turns(), log, lacks() {} }, other);
  };
  const order = () => {
    const next = peer.receive(theirs, 4096);
    if (next === null) throw new Error("no order");
    const { bytes, fds } = next;
    const numbers = [0, 4, 8, 12, 16].map((at) => bytes.readUInt32LE(at));
    return { op: numbers[0], serial: numbers[1] ?? 0, numbers: numbers.slice(2), text: textOf(bytes), fds };
  };
  const nothing = () => openSync("/dev/null", "r");
  let before = 0;

  beforeEach(() => {
    before = openFds();
  });
  afterEach(() => {
    poller.shut();
    closeSync(theirs);
    expect(openFds()).toBe(before);
  });

  it("opens, resumes and closes a device, and has each descriptor once", async () => {
    begin([END, []]);
    const results: unknown[] = [];
    keeper.openDevice(device, nothing(), (result) => results.push(result));
    const first = order();
    expect(first.numbers).toEqual([7, 13, 64]);
    expect([first.op, first.text.split("\0").slice(0, 4)]).toEqual([
      5,
      ["evdev", "2", "1", "/dev/input/event0"],
    ]);
    expect(first.fds).toHaveLength(1);
    for (const fd of first.fds) closeSync(fd);
    expect(results).toEqual([]);
    const given = nothing();
    say(recordOf(DONE, { serial: first.serial, uid: 1 }), [given]);
    closeSync(given);
    await until("the answer", () => results.length === 1);
    expect(results).toEqual([{ active: true }]);
    const fd = keeper.descriptorOf(7);
    expect(fd).toBeGreaterThan(2);
    closeSync(fd);
    expect(keeper.descriptorOf(7)).toBe(-1);

    keeper.resumeDevice(7, (error) => results.push(error));
    const second = order();
    expect([second.op, second.numbers[0]]).toEqual([7, 7]);
    const again = nothing();
    say(recordOf(DONE, { serial: second.serial, uid: 1 }), [again]);
    closeSync(again);
    await until("the answer", () => results.length === 2);
    keeper.closeDevice(7, (error) => results.push(error));
    expect(keeper.descriptorOf(7)).toBe(-1);
    say(recordOf(DONE, { serial: order().serial }));
    await until("the answer", () => results.length === 3);
    expect(results.slice(1)).toEqual([null, null]);
  });

  it("keeps nothing of a device that is closed while it is resumed", async () => {
    begin([END, []]);
    const results: unknown[] = [];
    keeper.resumeDevice(7, (error) => results.push(error));
    keeper.closeDevice(7, (error) => results.push(error));
    const [resume, close] = [order(), order()];
    const late = nothing();
    say(recordOf(DONE, { serial: resume.serial, uid: 1 }), [late]);
    closeSync(late);
    say(recordOf(DONE, { serial: close.serial }));
    await until("the answers", () => results.length === 2);
    expect(keeper.descriptorOf(7)).toBe(-1);
  });

  it("drops what came for a device that was given back meanwhile", async () => {
    begin([END, []]);
    const results: unknown[] = [];
    keeper.openDevice(device, nothing(), (result) => results.push(result));
    keeper.closeDevice(7, (error) => results.push(error));
    const [first, second] = [order(), order()];
    for (const fd of first.fds) closeSync(fd);
    const given = nothing();
    say(recordOf(DONE, { serial: first.serial, uid: 1 }), [given]);
    closeSync(given);
    say(recordOf(DONE, { serial: second.serial }));
    await until("the answers", () => results.length === 2);
    expect(keeper.descriptorOf(7)).toBe(-1);
  });

  it("names errors and says what is mute", async () => {
    begin([END, []]);
    const results: unknown[] = [];
    keeper.openDevice({ ...device, active: false }, nothing(), (result) => results.push(result));
    keeper.openDevice({ ...device, key: 8 }, nothing(), (result) => results.push(result));
    keeper.pauseDevice(7, (error) => results.push(error));
    keeper.resumeDevice(7, (error) => results.push(error));
    keeper.takeVt(2, 1000, (error) => results.push(error));
    const orders = [order(), order(), order(), order(), order()];
    for (const { fds } of orders) for (const fd of fds) closeSync(fd);
    expect(orders[0]?.text.split("\0")[2]).toBe("0");
    expect([orders[4]?.op, orders[4]?.numbers]).toEqual([9, [2, 1000, 0]]);
    const given = nothing();
    say(recordOf(DONE, { serial: orders[0]?.serial ?? 0 }), [given]);
    closeSync(given);
    for (const [i, errno] of [19, 25, 16, 5].entries())
      say(recordOf(DONE, { serial: orders[i + 1]?.serial ?? 0, value: errno }));
    await until("the answers", () => results.length === 5);
    expect(results).toEqual([{ active: false }, { errno: "ENODEV" }, "ENOTTY", "EBUSY", "EIO"]);
    // what nobody took is closed by the next answer about the device
    expect(keeper.descriptorOf(7)).toBe(-1);
  });

  it("hears of VTs that were left, and puts VTs back", async () => {
    begin([END, []]);
    const left: number[] = [];
    keeper.onVtLeft((vt) => left.push(vt));
    say(recordOf(LEFT, { value: 3 }));
    await until("the word", () => left.length === 1);
    expect(left).toEqual([3]);
    keeper.releaseVt(3);
    expect(order()).toMatchObject({ op: 10, numbers: [3, 0, 0] });
  });

  it("keeps connections that stay the caller's", () => {
    begin([END, []]);
    const mine = nothing();
    expect(keeper.keep(12, mine)).toBe(true);
    const kept = order();
    expect([kept.op, kept.numbers[0], kept.fds.length]).toEqual([12, 12, 1]);
    for (const fd of kept.fds) closeSync(fd);
    readSync(mine, Buffer.alloc(1));
    closeSync(mine);
    keeper.forget(12);
    expect(order()).toMatchObject({ op: 13, numbers: [12, 0, 0] });
  });

  it("knows at once what is held since before", async () => {
    const kept = [nothing(), nothing()];
    begin(
      [recordOf(HELD, { value: 2, uid: DEVICES, items: [5, 1, 4_294_967_295, 0] }), []],
      [recordOf(HELD, { value: 1, uid: DEVICES, items: [6, 0] }), []],
      [recordOf(HELD, { value: 2, uid: VTS, items: [1, 63] }), []],
      [recordOf(HELD, { value: 2, uid: CONNECTIONS, items: [40, 41] }), kept],
      [END, []],
      [recordOf(LEFT, { value: 9 }), []],
    );
    for (const fd of kept) closeSync(fd);
    const { devices, vts, connections } = keeper.held();
    expect(devices).toEqual([
      { key: 5, active: true },
      { key: 4_294_967_295, active: false },
      { key: 6, active: false },
    ]);
    expect(vts).toEqual([1, 63]);
    expect([...connections.keys()]).toEqual([40, 41]);
    for (const fd of connections.values()) closeSync(fd);
    const left: number[] = [];
    keeper.onVtLeft((vt) => left.push(vt));
    await until("what came afterwards", () => left.length === 1);
  });

  it("closes what comes with answers that nobody waits for", async () => {
    begin([END, []]);
    const given = nothing();
    say(recordOf(DONE, { serial: 99, uid: 1 }), [given]);
    say(recordOf(LEFT, { value: 9 }), [given]);
    say(recordOf(77), [given]);
    closeSync(given);
    await awhile();
  });

  it("answers what is asked of a keeper that is gone", async () => {
    begin([END, []]);
    const results: unknown[] = [];
    keeper.openDevice(device, nothing(), (result) => results.push(result));
    for (const fd of order().fds) closeSync(fd);
    closeSync(theirs);
    await until("the answer", () => results.length === 1);
    keeper.pauseDevice(7, (error) => results.push(error));
    keeper.openDevice(device, nothing(), (result) => results.push(result));
    keeper.closeDevice(7, (error) => results.push(error));
    const mine = nothing();
    expect(keeper.keep(1, mine)).toBe(false);
    closeSync(mine);
    expect(results).toHaveLength(1);
    await until("the answers", () => results.length === 4);
    expect(results).toEqual([{ errno: "ENOTCONN" }, "ENOTCONN", { errno: "ENOTCONN" }, "ENOTCONN"]);
    theirs = nothing();
  });
});
