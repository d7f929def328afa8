/** What programs ask of seats in random histories. */

import { SEATD, type Session } from "../../daemon/src/core/model.ts";
import type { Client } from "./client.ts";
import { deviceOf } from "./seat-words.ts";
import type { Simulation } from "./simulation.ts";

export type Action = readonly [what: string, a: number, b: number];

export function pick<T>(from: readonly T[], at: number): T | undefined {
  return from.length === 0 ? undefined : from[at % from.length];
}

export function takeAll(machine: Simulation, client: Client): void {
  const { clients, hardware } = machine.seats;
  for (const found of hardware.devices.values()) {
    const { number, seat } = found.device;
    if (found.kind === null || number === null || seat !== client.seatId) continue;
    clients.take(client, found);
    if (client.seatd) machine.seats.quiet();
  }
}

export function askOfClient(machine: Simulation, client: Client, [what, a, b]: Action): void {
  const { clients, hardware } = machine.seats;
  const { session: id, name, process } = client;
  const caller = { uid: 0, pid: process.identity.pid };
  if (what === "quit") machine.exit(process);
  if (what === "hang") client.hangs = b % 3 !== 0;
  if (what === "release") clients.ask(client, { kind: "session.controlReleased", id, name, caller });
  if (what === "take") clients.take(client, pick([...hardware.devices.values()], b) ?? deviceOf("event9"));
  if (what === "all") takeAll(machine, client);
  const had = pick([...client.devices.values()], b);
  if (had === undefined) return;
  const { number } = had;
  if (what === "return") clients.ask(client, { kind: "device.releaseRequested", id, name, number, caller });
  if (what === "yield" && !client.seatd && a % 2 === 0) clients.yield(client, had);
}

export function askForSession(machine: Simulation, session: Session, [what, a, b]: Action): void {
  const { clients } = machine.seats;
  const { id } = session;
  const requester = { room: "control", call: 0 } as const;
  const caller = { uid: 0, pid: 2 };
  if (what === "client" && session.stage.phase !== "closing") {
    const seatd = b % 3 === 0;
    if (seatd && session.seat === null) return;
    const client = clients.start(session, seatd);
    const { pid } = client.process.identity;
    const bus = seatd ? SEATD : machine.bus.guid;
    const controller = { name: client.name, bus, uid: session.uid, pid };
    clients.ask(client, {
      kind: "session.controlRequested",
      id,
      force: !seatd && b % 4 === 1,
      controller,
      caller: { uid: 0, pid },
    });
  }
  if (what === "activate")
    machine.submit({ kind: "session.activateRequested", at: machine.instant(), requester, caller, id });
  if (what === "switch") {
    const place = pick([1, 2, 3, 9, "next", "previous"] as const, b) ?? 1;
    const seat = a % 3 === 0 ? "seat1" : "seat0";
    machine.submit({ kind: "seat.switchRequested", at: machine.instant(), requester, caller, seat, place });
  }
  if (what === "logout") {
    machine.submit({
      kind: "session.closeRequested",
      at: machine.instant(),
      requester,
      id,
      caller: { uid: 0, pid: session.leader.pid },
      reason: "logout",
    });
    machine.processes.get(session.leader.pid)?.writes.delete(id);
  }
}
