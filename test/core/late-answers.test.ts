/** Answers of the keeper that a later order has overtaken: only the state that waits for one is changed by it. */

import { describe, expect, it } from "vitest";
import type { Event } from "../../daemon/src/core/events.ts";
import type { Taken } from "../../daemon/src/core/seat-model.ts";
import { step } from "../../daemon/src/core/step.ts";
import { onVt, session, withVt, worldOf } from "../store/sd-login-worlds.ts";
import { controlOf } from "./controllers.ts";

const answer = { at: { realtime: 1, monotonic: 1 }, id: "1", key: 1 };
const requester = { room: "login1", call: 1 } as const;

const ANSWERS: readonly (readonly [event: Event, state: Taken["state"]])[] = [
  [{ ...answer, kind: "device.opened", requester, result: { active: true } }, "opening"],
  [{ ...answer, kind: "device.opened", requester, result: { errno: "ENODEV" } }, "opening"],
  [{ ...answer, kind: "device.paused", error: null }, "pausing"],
  [{ ...answer, kind: "device.paused", error: "EIO" }, "pausing"],
  [{ ...answer, kind: "device.resumed", error: null }, "resuming"],
  [{ ...answer, kind: "device.resumed", error: "EBUSY" }, "resuming"],
];

const STATES: readonly Taken["state"][] = ["opening", "active", "asked", "pausing", "paused", "resuming"];

function worldWith(state: Taken["state"]) {
  const device: Taken = {
    key: 1,
    kind: "evdev",
    major: 13,
    minor: 64,
    node: "/dev/input/event0",
    path: "/sys/devices/event0",
    state,
    told: "active",
    tries: 20,
    answered: true,
  };
  const control = controlOf({});
  return {
    ...withVt(worldOf(session("1", { ...onVt(2), control, devices: [device] })), 2),
    bus: control.bus,
  };
}

const named = ANSWERS.map(([event, state]) => [event.kind, JSON.stringify(event), event, state] as const);

describe("an answer of the keeper", () => {
  it.each(named)("%s changes only what waits for it: %s", (_kind, _text, event, waiting) => {
    for (const state of STATES) {
      const world = worldWith(state);
      const changed = step(world, event).world !== world;
      expect([state, changed]).toEqual([state, state === waiting]);
    }
  });
});
