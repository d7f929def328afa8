/** What goes wrong in random histories of seats only when several things happen in that order, and fast. */

import { askOfClient, pick, takeAll } from "./seat-requests.ts";
import type { Simulation } from "./simulation.ts";

function activate(machine: Simulation, id: string): void {
  const requester = { room: "control", call: 0 } as const;
  const caller = { uid: 0, pid: 2 };
  machine.submit({ kind: "session.activateRequested", at: machine.instant(), requester, caller, id });
}

/** From one to the other and back, faster than anything that follows from it; sometimes a device is taken meanwhile. */
export function flap(machine: Simulation, a: number, b: number): void {
  const { clients } = machine.seats;
  const client = pick(clients.list, a);
  if (client === undefined) return;
  const sessions = [...machine.engine.world().sessions.values()];
  const others = sessions.filter(({ id, seat }) => seat === client.seatId && id !== client.session);
  const to = [client.session, pick(others, b)?.id ?? client.session];
  for (let i = 0; i < 2 + (b % 4); i++) {
    const id = to[i % 2] ?? "";
    if (machine.dead) return;
    activate(machine, id);
    for (let moves = 0; moves < (a + i) % 5; moves++) machine.seats.move((b + moves) % 3);
    if ((a + b + i) % 5 === 0) askOfClient(machine, client, ["take", a, a + i]);
  }
}

/** To another terminal and back; sometimes display servers have put down all they have before. */
export function bounce(machine: Simulation, a: number, b: number): void {
  const { seats } = machine;
  const back = seats.hardware.activeVt;
  if (b % 4 === 1) {
    for (const client of seats.clients.list)
      if (!client.seatd)
        for (const device of client.devices.values())
          if (device.word === "active") seats.clients.yield(client, device);
    seats.quiet();
  }
  seats.switchVt(1 + (a % 3));
  if (b % 3 === 0) seats.move(b % 2);
  seats.switchVt(back);
}

/** The daemon is killed when a client has been told of the first of its devices, and somebody switches away before the next. */
export function interrupt(machine: Simulation, a: number, b: number): void {
  const { seats } = machine;
  const client = pick(seats.clients.list, a);
  const vt = machine.engine.world().sessions.get(client?.session ?? "")?.vtnr ?? 0;
  if (client === undefined || client.devices.size < 2) return;
  activate(machine, client.session);
  const words = () => new Set([...client.devices.values()].map(({ word }) => word));
  for (let moves = 0; moves < 20 && words().size < 2; moves++) seats.move([0, 1, 2][moves % 3] ?? 0);
  machine.killAfter(0);
  if (vt !== 0) seats.switchVt(1 + (vt % 3));
  machine.restart(b % 3);
}

/** The daemon is killed between what a client asks for and the answer; sometimes the client asks again. */
export function die(machine: Simulation, a: number, b: number): void {
  const { seats } = machine;
  const client = pick(
    seats.clients.list.filter(({ seatd }) => !seatd),
    a,
  );
  if (client === undefined) return;
  // who has everything gives something back
  askOfClient(machine, client, ["return", a, b]);
  seats.quiet();
  takeAll(machine, client);
  while (seats.move(0));
  machine.killAfter(1 + (b % 4));
  while (seats.move(1));
  machine.killAfter(0);
  machine.restart(a % 4);
  if (b % 3 === 0) seats.clients.askLost();
}
