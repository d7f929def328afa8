/** Random lives of seats: switches, controllers, devices, crashes of everything, at any moment. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brokenGettys, missingGettys } from "./getty-model.ts";
import { broken as brokenSessions } from "./invariants.ts";
import { policy } from "./policy.ts";
import { equip, furnish, GETTY_ACTIONS, performSeats, SEAT_ACTIONS } from "./seat-actions.ts";
import { brokenSeats } from "./seat-invariants.ts";
import type { Action } from "./seat-requests.ts";
import { Simulation } from "./simulation.ts";

const HISTORIES = Number(process.env.HISTORIES ?? 10_000);
const seed = Number(process.env.SEED ?? 20261121);

function historiesOf(names: readonly string[]) {
  const action = fc.tuple(fc.constantFrom(...names), fc.nat(40), fc.nat(40));
  return fc.tuple(fc.nat(255), fc.array(action, { minLength: 1, maxLength: 40, size: "max" }));
}

const histories = historiesOf(SEAT_ACTIONS);
type History = readonly [bits: number, actions: readonly Action[]];

/** Longer than the last look at access lists, and the last try to get a card back. */
const REST_MS = 30_000;

/** A daemon that died is started again, everything arrives, timers run out. */
function rest(machine: Simulation): void {
  machine.seats.lazy = false;
  machine.settle();
  if (machine.dead) machine.restart();
  machine.seats.clients.askLost();
  machine.advance(REST_MS);
  machine.settle();
  machine.seats.sweep();
}

/** What must hold even of a daemon that could not write down what it did, and then died. */
const ALWAYS = /I2:|I7:|threw|have no answer|still waits|still works/;

function broken(machine: Simulation): string[] {
  const all = [...brokenSessions(machine), ...brokenSeats(machine), ...brokenGettys(machine)];
  return machine.diskWasFull ? all.filter((sentence) => ALWAYS.test(sentence)) : all;
}

function live(machine: Simulation, [bits, history]: History): void {
  equip(machine);
  furnish(machine, bits);
  machine.seats.lazy = true;
  for (const [index, each] of history.entries()) {
    performSeats(machine, each);
    machine.settle();
    if (machine.dead && index % 3 === 0) machine.restart(index % 5);
  }
  machine.fillDisk(false);
  machine.killAfter(Number.POSITIVE_INFINITY);
  machine.seats.keeper.stubborn.clear();
  machine.seats.keeper.broken.clear();
  rest(machine);
  expect(broken(machine)).toEqual([]);
  for (const process of machine.processes.values()) machine.exit(process);
  rest(machine);
  expect(broken(machine)).toEqual([]);
  expect(machine.engine.world().sessions.size).toBe(0);
  // each terminal that has a getty is shown
  for (const vt of [9, 3, 2, 1]) {
    machine.seats.switchVt(vt);
    machine.settle();
  }
  if (machine.seats.hasVts) expect(missingGettys(machine)).toEqual([]);
}

const light = {
  ...policy,
  services: { ...policy.services, default: { backend: "", linger: "per-user" as const } },
};

describe("random histories of seats", () => {
  it(`with terminals keep the invariants (${HISTORIES / 2} of them)`, () => {
    fc.assert(
      fc.property(histories, (history) => live(new Simulation(light, 2, 1), history)),
      { numRuns: HISTORIES / 2, seed },
    );
  }, 280_000);

  it(`without terminals keep them, too (${HISTORIES / 2} of them)`, () => {
    fc.assert(
      fc.property(histories, (history) => live(new Simulation(light, 2, 0), history)),
      { numRuns: HISTORIES / 2, seed },
    );
  }, 280_000);

  it(`with gettys on the terminals keep them, too (${HISTORIES / 10} of them)`, () => {
    const watched = { ...light, vts: { ...policy.vts, automatic: 2, reserved: 3 } };
    fc.assert(
      fc.property(historiesOf(GETTY_ACTIONS), (history) => live(new Simulation(watched, 2, 1), history)),
      { numRuns: HISTORIES / 10, seed },
    );
  }, 280_000);
});
