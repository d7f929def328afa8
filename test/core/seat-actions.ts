/** What people, programs and hardware do to the seats of a simulated machine in random histories. */

import type { OpenFacts } from "../../daemon/src/core/events.ts";
import { facts } from "./facts.ts";
import { GID } from "./machine.ts";
import { bounce, die, flap, interrupt } from "./seat-mishaps.ts";
import { type Action, askForSession, askOfClient, pick, takeAll } from "./seat-requests.ts";
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
    "interrupt",
    "die",
  ],
  ...["plug", "unplug", "move", "trigger", "grab", "hang", "stubborn", "broken"],
  ...["work", "work", "work", "work", "work", "quiet", "quiet", "later", "later"],
  ...["crash", "restart", "keeper", "bus", "full"],
] as const;

/** With gettys that end, and people who have terminals open. */
export const GETTY_ACTIONS = [...SEAT_ACTIONS, "getty", "getty", "getty", "open"] as const;

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

function moveHardware(machine: Simulation, [what, a, b]: Action): void {
  const { seats } = machine;
  const { hardware, keeper } = seats;
  const names = [...hardware.devices.keys()];
  if (what === "chvt") seats.switchVt(1 + (b % 4));
  if (what === "bounce") bounce(machine, a, b);
  if (what === "flap") flap(machine, a, b);
  if (what === "interrupt") interrupt(machine, a, b);
  if (what === "die") die(machine, a, b);
  if (what === "grab") seats.grab(pick(names, b) ?? "");
  if (what === "plug") seats.plug(pick(WORDS, b) ?? "card0");
  if (what === "trigger") seats.trigger(pick(names, b) ?? "");
  if (what === "unplug") seats.unplug(pick(names, b) ?? "");
  if (what === "move") seats.plug(`${pick(names, b) ?? "event0"}@seat${a % 2}`);
  if (what === "stubborn") keeper.stubborn[b % 3 === 0 ? "add" : "delete"](pick(names, a) ?? "");
  if (what === "broken") keeper.broken[b % 2 === 0 ? "add" : "delete"](1 + (a % 3));
  if (what === "getty") seats.endGetty(pick([...keeper.gettys.running], a) ?? 0);
  if (what === "open") keeper.gettys.open[b % 2 === 0 ? "add" : "delete"](1 + (a % 3));
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
