/** How long the core takes to hand a seat with very many devices from one session to another. */

import { expect, it } from "vitest";
import type { Event } from "../../daemon/src/core/events.ts";
import type { Session, World } from "../../daemon/src/core/model.ts";
import type { Device, Taken } from "../../daemon/src/core/seat-model.ts";
import { step } from "../../daemon/src/core/step.ts";
import { onVt, session, withSession, withVt, worldOf } from "../store/sd-login-worlds.ts";
import { BUS, controlOf } from "./controllers.ts";

const DEVICES = 1000;
const LIMIT_MS = 5;
/** How long the machine may be busy with something else. */
const PATIENCE_MS = 20_000;
const AT = { realtime: 1, monotonic: 1 };

function device(i: number): Device {
  const number = { major: 13, minor: i, block: false };
  const node = `/dev/input/event${i}`;
  const tags = { master: false, uaccess: true, assignable: true, idForSeat: "" };
  return {
    path: `/sys/devices/${i}`,
    parent: "",
    subsystem: "input",
    name: `event${i}`,
    node,
    number,
    seat: "seat0",
    ...tags,
  };
}

function controlled(id: string, vt: number, live: boolean): Session {
  const word = live ? "active" : "paused";
  const devices = Array.from({ length: DEVICES / 2 }, (_none, i): Taken => {
    const { path, node } = device(i);
    const key = Number(id) * DEVICES + i;
    return {
      key,
      kind: "evdev",
      major: 13,
      minor: i,
      node,
      path,
      state: word,
      told: word,
      tries: 20,
      answered: true,
    };
  });
  const control = controlOf({ name: `:1.${id}` });
  return session(id, { ...onVt(vt), uid: 1000 + vt, control, devices });
}

function begin(): World {
  const world = withSession(worldOf(controlled("1", 1, true)), controlled("2", 2, false));
  const found: Event = {
    kind: "devices.found",
    at: AT,
    devices: Array.from({ length: DEVICES }, (_none, i) => device(i)),
  };
  return step(withVt({ ...world, bus: BUS }, 1), found).world;
}

/** All events of a switch, with the keeper's answers; answers how many orders it had. */
function handOver(first: World): { readonly world: World; readonly orders: number } {
  const queue: Event[] = [{ kind: "vt.activated", at: AT, vt: 2 }];
  let world = first;
  let orders = 0;
  for (const event of queue) {
    const result = step(world, event);
    world = result.world;
    for (const effect of result.effects) {
      if (effect.kind !== "device.pause" && effect.kind !== "device.resume") continue;
      orders += 1;
      const kind = effect.kind === "device.pause" ? "device.paused" : "device.resumed";
      queue.push({ kind, at: AT, id: effect.id, key: effect.key, error: null });
    }
  }
  return { world, orders };
}

it(`hands ${DEVICES} devices over in less than ${LIMIT_MS} ms`, () => {
  const first = begin();
  const times: number[] = [];
  const end = performance.now() + PATIENCE_MS;
  // of many, because others may use this machine, too
  while (Math.min(...times) >= LIMIT_MS && performance.now() < end) {
    const start = process.hrtime.bigint();
    const { world, orders } = handOver(first);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
    expect(orders).toBe(DEVICES);
    expect(world.seats.get("seat0")?.active).toBe("2");
  }
  expect(Math.min(...times), `the best of ${times.length}`).toBeLessThan(LIMIT_MS);
}, 60_000);
