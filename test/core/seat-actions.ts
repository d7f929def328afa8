/** What people, programs and hardware do to the seats of a simulated machine in random histories. */

import type { OpenFacts } from "../../daemon/src/core/events.ts";
import { SEATD, type Session } from "../../daemon/src/core/model.ts";
import type { Client } from "./clients.ts";
import { facts } from "./facts.ts";
import { GID } from "./machine.ts";
import { deviceOf } from "./seat-words.ts";
import type { Simulation } from "./simulation.ts";

export const SEAT_ACTIONS = [
  ...["sit", "exit", "quit", "logout"],
  ...["client", "client", "release", "take", "take", "take", "all", "all", "return", "yield"],
  ...[
    "chvt",
    "chvt",
    "chvt",
    "bounce",
    "bounce",
    "activate",
    "activate",
    "switch",
    "switch",
    "flap",
    "flap",
    "flap",
  ],
  ...["plug", "unplug", "move", "trigger", "hang", "stubborn", "broken"],
  ...["work", "work", "work", "work", "work", "quiet", "quiet", "later", "later"],
  ...["crash", "restart", "keeper", "bus", "full"],
] as const;

export type Action = readonly [what: string, a: number, b: number];

function pick<T>(from: readonly T[], at: number): T | undefined {
  return from.length === 0 ? undefined : from[at % from.length];
}

const WORDS = [
  "card0",
  "event0",
  "event1",
  "hidraw0",
  "renderD128",
  "snd0",
  "card1",
  "card1@seat1",
  "event2@seat1",
];

/** Plugged in before anything happens. */
export function equip(
  machine: Simulation,
  words: readonly string[] = WORDS.filter((word) => word !== "card1"),
): void {
  for (const word of words) machine.seats.plug(word);
  machine.advance(1000);
}

/** Somebody logs in before a screen. */
function sit(machine: Simulation, a: number, b: number): void {
  const uid = a % 5 === 4 ? 0 : 1000 + (a % machine.users);
  const vt = 1 + (b % 3);
  const hinted = { type: "x11", class: "", desktop: "", seat: "seat1", vtnr: "", incomplete: "" };
  const greeter = { ...hinted, class: "greeter", seat: "seat0", vtnr: machine.seats.hasVts ? "3" : "" };
  const places: Partial<OpenFacts>[] = [
    machine.seats.hasVts
      ? { tty: `tty${vt}`, ttyVt: vt }
      : { service: "lightdm", hinted: { ...hinted, seat: "seat0" } },
    { service: "lightdm", hinted },
    { service: "lightdm", hinted: greeter },
    { tty: "pts/1" },
  ];
  const place = pick([0, 0, 0, 1, 1, 2, 3], b);
  machine.open(machine.spawn(), facts(uid, { gid: GID, ...places[place ?? 0] }), `${a}/${b}/${machine.now}`);
}

function takeAll(machine: Simulation, client: Client): void {
  const { clients, hardware } = machine.seats;
  const { session: id, name, process } = client;
  const caller = { uid: 0, pid: process.identity.pid };
  for (const found of hardware.devices.values()) {
    const { number, seat } = found.device;
    if (found.kind === null || number === null || seat !== client.seatId) continue;
    const { major, minor } = number;
    clients.ask(client, {
      kind: "device.takeRequested",
      id,
      name,
      number: { major, minor },
      device: found,
      caller,
    });
    if (client.seatd) machine.seats.quiet();
  }
}

/** Two programs with all devices of each seat that somebody has. */
export function furnish(machine: Simulation, bits: number): void {
  for (let i = 0; i < 4; i++) {
    if ((bits >> i) % 2 === 0) continue;
    const [user, place] = [
      [0, 0],
      [1, 1],
      [0, 3],
      [1, 3],
    ][i] ?? [0, 0];
    sit(machine, user ?? 0, place ?? 0);
    machine.settle();
    const session = [...machine.engine.world().sessions.values()].at(-1);
    if (session === undefined) continue;
    askForSession(machine, session, ["client", 0, (bits >> (4 + i)) % 2 === 0 ? 3 : 4]);
    machine.settle();
    const client = machine.seats.clients.list.at(-1);
    if (client !== undefined) takeAll(machine, client);
    machine.settle();
  }
}

function askOfClient(machine: Simulation, client: Client, [what, a, b]: Action): void {
  const { clients, hardware } = machine.seats;
  const { session: id, name, process } = client;
  const caller = { uid: 0, pid: process.identity.pid };
  if (what === "quit") machine.exit(process);
  if (what === "hang") client.hangs = b % 3 !== 0;
  if (what === "release") clients.ask(client, { kind: "session.controlReleased", id, name, caller });
  if (what === "take") {
    const found = pick([...hardware.devices.values()], b) ?? deviceOf("event9");
    const { major, minor } = found.device.number ?? { major: 0, minor: 0 };
    const device = found.kind === null ? null : found;
    clients.ask(client, { kind: "device.takeRequested", id, name, number: { major, minor }, device, caller });
  }
  if (what === "all") takeAll(machine, client);
  const had = pick([...client.devices.values()], b);
  if (had === undefined) return;
  const { number } = had;
  if (what === "return") clients.ask(client, { kind: "device.releaseRequested", id, name, number, caller });
  if (what === "yield" && !client.seatd && a % 2 === 0) clients.yield(client, had);
}

function askForSession(machine: Simulation, session: Session, [what, a, b]: Action): void {
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

/** From one to the other and back, faster than anything that follows from it; sometimes a device is taken meanwhile. */
function flap(machine: Simulation, a: number, b: number): void {
  const { clients } = machine.seats;
  const client = pick(clients.list, a);
  if (client === undefined) return;
  const sessions = [...machine.engine.world().sessions.values()];
  const others = sessions.filter(({ id, seat }) => seat === client.seatId && id !== client.session);
  const to = [client.session, pick(others, b)?.id ?? client.session];
  for (let i = 0; i < 2 + (b % 4); i++) {
    const requester = { room: "control", call: 0 } as const;
    const id = to[i % 2] ?? "";
    if (machine.dead) return;
    machine.submit({
      kind: "session.activateRequested",
      at: machine.instant(),
      requester,
      caller: { uid: 0, pid: 2 },
      id,
    });
    for (let moves = 0; moves < (a + i) % 5; moves++) machine.seats.move((b + moves) % 3);
    if ((a + b + i) % 5 === 0) askOfClient(machine, client, ["take", a, a + i]);
  }
}

function moveHardware(machine: Simulation, [what, a, b]: Action): void {
  const { seats } = machine;
  const { hardware, keeper } = seats;
  const names = [...hardware.devices.keys()];
  if (what === "chvt") seats.switchVt(1 + (b % 4));
  if (what === "bounce") {
    const back = hardware.activeVt;
    seats.switchVt(1 + (a % 3));
    if (b % 3 === 0) seats.move(b % 2);
    seats.switchVt(back);
  }
  if (what === "flap") flap(machine, a, b);
  if (what === "plug") seats.plug(pick(WORDS, b) ?? "card0");
  if (what === "trigger") seats.trigger(pick(names, b) ?? "");
  if (what === "unplug") seats.unplug(pick(names, b) ?? "");
  if (what === "move") seats.plug(`${pick(names, b) ?? "event0"}@seat${a % 2}`);
  if (what === "stubborn") keeper.stubborn[b % 3 === 0 ? "add" : "delete"](pick(names, a) ?? "");
  if (what === "broken") keeper.broken[b % 2 === 0 ? "add" : "delete"](1 + (a % 3));
  if (what === "work") for (let i = 0; i <= a % 8; i++) seats.move((b >> (i % 5)) % 6);
  if (what === "quiet") seats.quiet();
}

export function performSeats(machine: Simulation, action: Action): void {
  const [what, a, b] = action;
  const sessions = [...machine.engine.world().sessions.values()];
  const session = pick(sessions, a);
  const client = pick(machine.seats.clients.list, a);
  if (what === "sit") sit(machine, a, b);
  if (what === "exit" && session !== undefined) {
    const leader = machine.processes.get(session.leader.pid);
    if (leader !== undefined) machine.exit(leader);
  }
  if (client !== undefined) askOfClient(machine, client, action);
  if (session !== undefined) askForSession(machine, session, action);
  moveHardware(machine, action);
  if (what === "later") {
    // what is on its way does not take that long
    machine.seats.lazy = false;
    machine.advance([50, 250, 700, 1200, 5000][b % 5] ?? 50);
    machine.seats.lazy = true;
  }
  if (what === "crash") machine.killAfter(b);
  if (what === "restart") {
    machine.killAfter(0);
    machine.restart(a % 4);
  }
  if (what === "keeper") {
    // between a record that names a device no longer and the order to close it not both may die
    if (machine.dead) machine.restart();
    machine.killAfter(0);
    machine.seats.keeperDies();
    machine.restart(0);
  }
  if (what === "bus" && b % 2 === 0) {
    machine.seats.clients.disconnected();
    machine.bus.replace();
  }
  if (what === "full" && b % 4 === 0) machine.fillDisk(b % 8 === 0);
}
