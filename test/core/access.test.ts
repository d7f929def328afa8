/** Entries in access lists, and devices of controllers, when a device is not any more what it was. */

import { describe, expect, it } from "vitest";
import type { Control, World } from "../../daemon/src/core/model.ts";
import type { Step } from "../../daemon/src/core/outcome.ts";
import type { Device, Taken } from "../../daemon/src/core/seat-model.ts";
import { newSeat, putSeat, seatOf } from "../../daemon/src/core/seats.ts";
import { step } from "../../daemon/src/core/step.ts";
import { session, worldOf } from "../store/sd-login-worlds.ts";
import { deviceOf } from "./seat-words.ts";

const at = { realtime: 1, monotonic: 1 };
const { device: card } = deviceOf("card1@seat1");
const { device: sound } = deviceOf("snd1@seat1");
const { device: keys } = deviceOf("event1@seat1");

const control: Control = {
  name: ":1.7",
  bus: "1".padStart(32, "0"),
  uid: 1000,
  pid: 1,
  originalType: "x11",
  seat: "enabled",
  vt: false,
};
const taken: Taken = {
  key: 7,
  kind: "evdev",
  major: 13,
  minor: 65,
  node: keys.node,
  path: keys.path,
  state: "active",
  told: "active",
  tries: 20,
  answered: true,
};

/** A session in the foreground of a seat with a card, a sound card and a keyboard, which it has taken. */
function begin(): World {
  const seated = session("1", { seat: "seat1", uid: 1000, control, devices: [taken] });
  const { world } = step(worldOf(), { kind: "devices.found", at, devices: [card, sound, keys] });
  const seat = seatOf(world, "seat1") ?? newSeat("seat1");
  const sat: World = {
    ...putSeat(world, { ...seat, sessions: ["1"] }),
    sessions: world.sessions.with("1", seated),
    bus: control.bus,
  };
  return step(sat, { kind: "timer.fired", at, timer: "master/seat1" }).world;
}

const changed = (device: Device): Step =>
  step(begin(), { kind: "devices.changed", at, changed: [device], removed: [] });

/** From which devices the user's entry is removed. */
const lost = ({ effects }: Step): string[] =>
  effects.flatMap((effect) =>
    effect.kind === "access.set" && effect.uid === null && effect.remove.includes(1000)
      ? effect.devices.map(({ name }) => name)
      : [],
  );

const closed = ({ effects }: Step): number[] =>
  effects.flatMap((effect) => (effect.kind === "device.close" ? [effect.key] : []));

describe("a device of a seat", () => {
  it("belongs to who is in the foreground", () => {
    expect(begin().seats.get("seat1")).toMatchObject({ active: "1", granted: [1000] });
    expect(lost(changed(sound))).toEqual([]);
    expect(closed(changed(keys))).toEqual([]);
  });

  it("is taken from everybody when it has no tag any more", () => {
    expect(lost(changed({ ...sound, uaccess: false }))).toEqual(["snd1"]);
  });

  it("is taken from everybody when its seat is gone", () => {
    const after = step(begin(), { kind: "devices.changed", at, changed: [], removed: [card.path] });
    expect(lost(after)).toEqual(["snd1"]);
  });

  it("is closed when its node is another one now", () => {
    const number = { major: 13, minor: 66, block: false };
    expect(closed(changed({ ...keys, number }))).toEqual([7]);
  });
});
