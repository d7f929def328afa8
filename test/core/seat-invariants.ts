/** What must hold of seats, terminals and devices: always, and when the simulated machine is at rest. */

import { SEATD, type Session, type World } from "../../daemon/src/core/model.ts";
import type { Seat } from "../../daemon/src/core/seat-model.ts";
import type { Simulation } from "./simulation.ts";

/** Sentences about what is broken at this moment, in the World that others see or are about to see. */
export function brokenAlways(machine: Simulation, world: World): string[] {
  const { hardware, clients } = machine.seats;
  const wrong: string[] = [];
  for (const file of hardware.files) {
    if (!file.live || file.kind === "render") continue;
    for (const client of clients.list) {
      if (!client.process.alive || !file.holders.has(client.process)) continue;
      const seat = world.seats.get(client.seatId)?.active ?? null;
      if (seat !== null && seat !== client.session)
        wrong.push(
          `I7: ${client.name} of session ${client.session} has ${file.name} while ${seat} is active`,
        );
    }
  }
  if (world.enumerated) wrong.push(...brokenAccess(machine, world));
  return wrong;
}

function brokenAccess(machine: Simulation, world: World): string[] {
  const { hardware } = machine.seats;
  const wrong: string[] = [];
  for (const { device } of hardware.devices.values()) {
    const known = world.devices.get(device.path);
    // what happened to it was not read yet
    if (known === undefined || known.seat !== device.seat || hardware.tampered.has(device.name)) continue;
    const uid = userOf(world, world.seats.get(device.seat));
    for (const user of hardware.access.get(device.name) ?? [])
      if (user !== uid) wrong.push(`I3: ${user} has access to ${device.name} while ${uid} is active`);
  }
  return wrong;
}

function userOf(world: World, seat: Seat | undefined): number | null {
  return world.sessions.get(seat?.active ?? "")?.uid || null;
}

export function brokenSeats(machine: Simulation): string[] {
  const { seats } = machine;
  const { hardware, keeper, clients } = seats;
  const world = machine.engine.world();
  const wrong: string[] = [...seats.wrongs, ...clients.wrongs, ...brokenAlways(machine, world)];
  const check = (holds: boolean, sentence: string) => {
    if (!holds) wrong.push(sentence);
  };
  check(clients.unanswered === 0, `${clients.unanswered} calls of controllers have no answer`);
  check(world.takeovers.size === 0, "somebody still waits for a terminal");
  check(world.dropped.size === 0, "a device is still being closed");
  check(!keeper.busy, "the keeper still works");
  checkSeats(machine, check);
  const sessions = [...world.sessions.values()];
  const keys = sessions.flatMap(({ devices }) => devices.map(({ key }) => key));
  const kept = [...keeper.devices.keys()];
  check(sorted(keys) === sorted(kept), `the keeper has ${sorted(kept)}, the sessions have ${sorted(keys)}`);
  // one that could not be prepared again for who controls the session is not held
  const vts = sessions.filter(
    ({ control, vtnr }) =>
      control !== null && vtnr !== 0 && seats.hasVts && (control.vt || !keeper.wereBroken.has(vtnr)),
  );
  const held = sorted([...new Set(vts.map(({ vtnr }) => vtnr))]);
  check(held === sorted([...keeper.vts]), `I31: terminals ${sorted([...keeper.vts])} are held, not ${held}`);
  const mute = sorted([...hardware.graphics]);
  check(held === mute, `I31: terminals ${mute} hear no key, ${held} are controlled`);
  for (const session of sessions) checkSession(machine, session, check);
  for (const client of clients.list) {
    check(client.waiting === null, `${client.name} still waits`);
    if (!client.seatd) continue;
    const controls = sessions.some(({ control }) => control?.bus === SEATD && control.name === client.name);
    check(controls || client.seat === "disabled", `${client.name} is ${client.seat} and controls nothing`);
  }
  for (const file of hardware.files)
    for (const holder of file.holders)
      check(
        !holder.alive || !file.live || file.kind === "render" || keeper.files.has(file),
        `nobody can mute ${file.name} any more`,
      );
  return wrong;
}

type Check = (holds: boolean, sentence: string) => void;

const sorted = (numbers: readonly number[]): string => numbers.toSorted((a, b) => a - b).join();

function checkSeats(machine: Simulation, check: Check): void {
  const { hardware, hasVts } = machine.seats;
  const world = machine.engine.world();
  const masters = new Set<string>();
  for (const { device } of hardware.devices.values()) if (device.master) masters.add(device.seat);
  const expected = [...new Set(["seat0", ...masters])].sort().join();
  check([...world.seats.keys()].sort().join() === expected, `there are seats ${[...world.seats.keys()]}`);
  for (const seat of world.seats.values()) {
    const { id, active } = seat;
    check(seat.graphical === masters.has(id), `${id} is wrong about its graphics`);
    const running = seat.sessions.filter((each) => world.sessions.get(each)?.stage.phase === "running");
    check(active === null || running.includes(active), `${active} is active on ${id} and does not run`);
    if (id === "seat0" && hasVts) {
      const shown = running.filter((each) => world.sessions.get(each)?.vtnr === hardware.activeVt);
      check(active === (shown.at(-1) ?? null), `I2: ${active} is active, ${shown} are on the screen`);
    } else {
      check((active === null) === (running.length === 0), `nobody is active on ${id} beside ${running}`);
      check(active === seat.chosen, `${active} is active on ${id}, ${seat.chosen} was chosen`);
      const places = running.map((each) => world.sessions.get(each)?.position);
      check(new Set(places).size === places.length, `two sessions of ${id} have one place`);
    }
    const uid = userOf(world, seat);
    check(
      seat.granted.every((each) => each === uid),
      `${seat.granted} may have access to ${id}`,
    );
    for (const { device } of hardware.devices.values())
      if (device.seat === id && device.uaccess)
        check(
          [...(hardware.access.get(device.name) ?? [])].join() === String(uid ?? ""),
          `I4: ${[...(hardware.access.get(device.name) ?? [])]} have access to ${device.name}, ${uid} is active`,
        );
    const record = machine.storedSeats().find((each) => each.id === id);
    const plain = record ?? { chosen: null, granted: [] };
    if (!machine.diskWasFull)
      check(
        plain.chosen === seat.chosen && plain.granted.join() === seat.granted.join(),
        `I19: the record of ${id} differs`,
      );
  }
}

function checkSession(machine: Simulation, session: Session, check: Check): void {
  const { clients, keeper, hardware } = machine.seats;
  const { id, control, devices, stage } = session;
  check(control !== null || devices.length === 0, `session ${id} has devices and no controller`);
  check(stage.phase !== "closing" || control === null, `closing session ${id} is controlled`);
  if (control === null) return;
  const client = clients.of(session);
  check(client?.process.alive === true, `session ${id} is controlled by ${control.name}, who is gone`);
  if (client === null) return;
  const world = machine.engine.world();
  const active = world.seats.get(session.seat ?? "")?.active === id;
  if (client.seatd) {
    check(
      control.seat === client.seat,
      `${client.name} thinks that it is ${client.seat}, not ${control.seat}`,
    );
    const expected = active ? "enabled" : "disabled";
    check(
      client.seat === expected || client.hangs,
      `${client.name} is ${client.seat} instead of ${expected}`,
    );
  }
  for (const device of devices) {
    const had = client.devices.get(`${device.major}:${device.minor}`);
    const { state, told, kind, node } = device;
    const live = keeper.devices.get(device.key)?.file.live === true;
    const there = hardware.devices.get(node.slice(node.lastIndexOf("/") + 1))?.device.seat === session.seat;
    check(there, `session ${id} has ${node}, which is not on ${session.seat} any more`);
    check(had !== undefined, `session ${id} has ${node}, and its controller does not know`);
    if (had === undefined || kind === "render") continue;
    check(state === "active" || state === "paused", `${node} of session ${id} is still ${state}`);
    check(
      live === (state === "active"),
      `${node} of session ${id} is ${state}, and the keeper has it otherwise`,
    );
    const comes = active && !had.yielded && (!client.seatd || (kind === "drm" && client.seat === "enabled"));
    if (!client.seatd)
      check(
        (told === had.word || had.unheard) && state === told,
        `${node} is ${state}, and ${client.name} thinks ${had.word}`,
      );
    if (comes) check(state === "active", `${node} of session ${id} was not resumed`);
    if (!active) check(state === "paused", `I7: ${node} of session ${id} is live in the background`);
  }
}
