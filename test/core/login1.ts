/** What programs ask over the bus in random histories, and what must hold of it at rest. */

import { INHIBIT_WHATS, SEATD, type Session } from "../../daemon/src/core/model.ts";
import { facts } from "./facts.ts";
import { GID } from "./machine.ts";
import type { Simulation } from "./simulation.ts";

export const LOGIN1_ACTIONS = [
  ...[
    "control",
    "control",
    "release",
    "type",
    "nameLost",
    "nameLost",
    "bus",
    "hint",
    "class",
    "class",
    "incomplete",
    "away",
  ],
  ...["inhibit", "inhibit", "inhibit", "uninhibit", "uninhibit", "lock"],
] as const;

const TYPES = ["wayland", "x11", "tty", "web", "wrong"] as const;
const MODES = ["block", "block-weak", "delay"] as const;

function pick<T>(from: readonly T[], at: number): T | undefined {
  return from.length === 0 ? undefined : from[at % from.length];
}

export function performLogin1(machine: Simulation, [what, a, b]: readonly [string, number, number]): void {
  const session = pick([...machine.engine.world().sessions.values()], a);
  if (session !== undefined) askOfSession(machine, session, what, b);
  if (what === "away") machine.killAfter(0);
  if (what === "incomplete") {
    const hinted = { type: "x11", class: "", desktop: "", seat: "", vtnr: "", incomplete: "1" };
    machine.open(
      machine.spawn(),
      facts(1000 + (a % machine.users), { gid: GID, service: "lightdm", hinted }),
    );
  }
  const { bus } = machine;
  const controllers = [...machine.engine.world().sessions.values()].flatMap(({ control }) => control ?? []);
  const name = pick(controllers, a)?.name;
  if (what === "nameLost" && name !== undefined) bus.disconnect(name);
  if (what === "bus") bus.replace();
  const alive = [...machine.processes.values()].filter((process) => process.alive);
  if (what === "inhibit") {
    const whats = INHIBIT_WHATS.filter((_what, i) => ((a + 1) >> (i % 5)) % 2 === 1);
    const process = b % 5 === 0 ? null : (pick(alive, b) ?? machine.spawn());
    const mode = MODES[b % 3] ?? "block";
    const caller = { uid: 1000 + (b % 3), pid: process?.identity.pid ?? 1 };
    bus.ask({ kind: "inhibit.requested", what: whats.join(":"), who: "w", why: "", mode, caller }, process);
  }
  if (what === "uninhibit") {
    const holder = pick(
      alive.filter(({ inhibits }) => inhibits.size > 0),
      a,
    );
    if (b % 2 === 0) holder?.inhibits.clear();
    else if (holder !== undefined) machine.exit(holder);
  }
}

function askOfSession(machine: Simulation, session: Session, what: string, b: number): void {
  const { bus } = machine;
  const { id, uid, control } = session;
  const caller = { uid: b % 3 === 0 ? 0 : uid, pid: 2 };
  const name = control?.name ?? ":1.0";
  if (what === "control") {
    const controller = {
      name: b % 5 === 4 ? name : bus.connect(),
      bus: bus.guid,
      uid: caller.uid,
      pid: caller.pid,
    };
    if (bus.names.has(controller.name))
      bus.ask({ kind: "session.controlRequested", id, force: b % 2 === 0, controller, caller });
  }
  if (what === "release") bus.ask({ kind: "session.controlReleased", id, name, caller });
  if (what === "type")
    bus.ask({ kind: "session.typeRequested", id, name, type: TYPES[b % 5] ?? "tty", caller });
  if (what === "hint" && b % 2 === 0)
    bus.ask({ kind: "session.idleHintRequested", id, idle: b % 4 === 0, caller });
  else if (what === "hint") bus.ask({ kind: "session.lockedHintRequested", id, locked: b % 4 === 1, caller });
  if (what === "class") bus.ask({ kind: "session.classRequested", id, class: "user", caller });
  if (what === "lock") bus.ask({ kind: "session.lockAllRequested", lock: b % 2 === 0, caller });
}

/** Sentences about what is broken. */
export function brokenLogin1(machine: Simulation): string[] {
  const { bus } = machine;
  const wrong = [...bus.wrongs];
  const check = (holds: boolean, sentence: string) => {
    if (!holds) wrong.push(sentence);
  };
  const world = machine.engine.world();
  check(bus.unanswered === 0, `${bus.unanswered} calls have no answer`);
  check(world.upgrades.size === 0, "somebody still waits for a class");
  for (const session of world.sessions.values()) {
    const { id, control, stage, type } = session;
    const before = bus.types.get(id);
    const over = control === null || control.bus === SEATD ? null : control;
    const present = over === null || (over.bus === bus.guid && bus.names.has(over.name));
    check(present, `session ${id} is controlled by ${control?.name}, who is gone`);
    check(control === null || stage.phase !== "closing", `closing session ${id} is controlled`);
    if (stage.phase === "running")
      check((control?.originalType ?? type) === before, `session ${id} is of type ${type}, not ${before}`);
  }
  const held = [...machine.inhibitorFifos].filter((id) => machine.inhibitorHeld(id));
  const listed = [...world.inhibitors.keys()].sort((a, b) => a - b);
  check(
    JSON.stringify(held.sort((a, b) => a - b)) === JSON.stringify(listed),
    `I22: inhibitors ${listed} are listed and ${held} are held`,
  );
  check(machine.inhibitorFifos.size === held.length, "a FIFO of an inhibitor is left");
  for (const record of machine.storedInhibitors())
    check(
      JSON.stringify(world.inhibitors.get(record.id)) === JSON.stringify(record),
      `I19: the record of inhibitor ${record.id} differs`,
    );
  check(machine.stored("inhibitors/").length === listed.length, "I19: an inhibitor has no record");
  return wrong;
}
