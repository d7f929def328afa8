/** Stories of services in which the daemon is killed after the first, the second, every one of its effects. */

import { describe, expect, it } from "vitest";
import { facts } from "./facts.ts";
import { broken } from "./invariants.ts";
import { GID, type Process } from "./machine.ts";
import { policy } from "./policy.ts";
import { remains } from "./service-invariants.ts";
import { Simulation } from "./simulation.ts";

const ALICE = 1000;
const REST_MS = 200_000;

interface Story {
  /** What was there before. */
  readonly before?: (machine: Simulation) => void;
  /** In this the daemon is killed. */
  readonly act: (machine: Simulation) => void;
}

function login(machine: Simulation): Process {
  const leader = machine.spawn();
  machine.open(leader, facts(ALICE, { gid: GID, tty: "pts/1" }));
  machine.advance(1000);
  return leader;
}

function everybodyOut(machine: Simulation): void {
  for (const process of machine.processes.values()) machine.exit(process);
  machine.settle();
  machine.advance(1000);
}

function importing(
  machine: Simulation,
  set: Readonly<Record<string, string>>,
  unset: readonly string[] = [],
): void {
  const session = [...machine.engine.world().sessions.keys()][0] ?? null;
  machine.submit({
    kind: "environment.imported",
    at: machine.instant(),
    requester: { room: "control", call: 0 },
    caller: { uid: ALICE, pid: 2 },
    uid: ALICE,
    session,
    set: new Map(Object.entries(set)),
    unset,
  });
}

const root = { uid: 0, pid: 2 };

const stories: Readonly<Record<string, Story>> = {
  "a first login": { act: login },
  "a last logout": { before: login, act: everybodyOut },
  "a last logout from stubborn services": {
    before: (machine) => {
      machine.managers.conducts.set(ALICE, "immortal");
      login(machine);
    },
    act: (machine) => {
      everybodyOut(machine);
      machine.advance(40_000);
    },
  },
  "a login during the stop": {
    before: (machine) => {
      machine.managers.conducts.set(ALICE, "stubborn");
      login(machine);
      everybodyOut(machine);
    },
    act: (machine) => {
      login(machine);
      machine.advance(30_000);
    },
  },
  "services that die": {
    before: login,
    act: (machine) => {
      const run = machine.managers.runs.get(ALICE);
      if (run !== undefined) machine.managers.end(run, "signal 11");
      machine.advance(1000);
    },
  },
  "services that are never up": {
    before: (machine) => void machine.managers.conducts.set(ALICE, "silent"),
    act: (machine) => {
      login(machine);
      machine.advance(90_000);
    },
  },
  "services that exit at once": {
    before: (machine) => void machine.managers.conducts.set(ALICE, "exits"),
    act: (machine) => {
      login(machine);
      machine.advance(5000);
    },
  },
  "an end by command": { before: login, act: (machine) => machine.terminateUser(ALICE) },
  "lingering turned on": { act: (machine) => machine.linger(ALICE, true, root) },
  "lingering turned off": {
    before: (machine) => {
      machine.linger(ALICE, true, root);
      machine.advance(1000);
    },
    act: (machine) => {
      machine.linger(ALICE, false, root);
      machine.advance(1000);
    },
  },
  "lingering allowed": {
    before: (machine) => {
      machine.lingering.set(ALICE, `u${ALICE}`);
      machine.lingerPolicy("no");
      machine.restart();
    },
    act: (machine) => machine.lingerPolicy("per-user"),
  },
  "a display that comes": {
    before: login,
    act: (machine) => importing(machine, { DISPLAY: ":0", LANG: "C" }),
  },
  "a display that goes": {
    before: (machine) => {
      login(machine);
      importing(machine, { DISPLAY: ":0", LANG: "C" });
    },
    act: (machine) => importing(machine, {}, ["DISPLAY"]),
  },
  "a display that goes with its session": {
    before: (machine) => {
      const leader = login(machine);
      importing(machine, { DISPLAY: ":0", LANG: "C" });
      login(machine);
      machine.exit(leader);
    },
    act: (machine) => machine.settle(),
  },
};

function inhibit(machine: Simulation): void {
  const process = machine.spawn();
  const caller = { uid: ALICE, pid: process.identity.pid };
  machine.bus.ask(
    { kind: "inhibit.requested", what: "sleep", who: "w", why: "", mode: "block", caller },
    process,
  );
}

/** The only session of the user is controlled, and says what it is. */
function control(machine: Simulation): void {
  const id = [...machine.engine.world().sessions.keys()][0] ?? "";
  const { bus } = machine;
  const name = bus.connect();
  const controller = { name, bus: bus.guid, uid: ALICE, pid: 2 };
  bus.ask({ kind: "session.controlRequested", id, force: false, controller, caller: controller });
  bus.ask({ kind: "session.typeRequested", id, name, type: "wayland", caller: controller });
}

const ofPrograms: Readonly<Record<string, Story>> = {
  "a lock that is taken": { act: inhibit },
  "a lock that is let go": { before: inhibit, act: everybodyOut },
  "a session that is controlled": { before: login, act: control },
  "a controller that goes": {
    before: (machine) => {
      login(machine);
      control(machine);
    },
    act: (machine) => {
      for (const name of machine.bus.names) machine.bus.disconnect(name);
    },
  },
  "a login that becomes a full one": {
    before: (machine) => {
      const hinted = { type: "x11", class: "", desktop: "", seat: "", vtnr: "", incomplete: "1" };
      machine.open(machine.spawn(), facts(ALICE, { gid: GID, service: "lightdm", hinted }));
    },
    act: (machine) => {
      const id = [...machine.engine.world().sessions.keys()][0] ?? "";
      machine.bus.ask({ kind: "session.classRequested", id, class: "user", caller: root });
      machine.advance(1000);
    },
  },
};

/** What happens while there is no daemon. */
const meanwhile: Readonly<Record<string, (machine: Simulation) => void>> = {
  nothing: () => {},
  "everybody leaves": everybodyOut,
  "its services die": (machine) => {
    for (const run of machine.managers.runs.values()) machine.managers.end(run, "signal 9");
  },
  "a minute passes": (machine) => machine.advance(60_000),
};

/** After each effect of the story; answers whether the story was over before. */
function killedAfter(
  effects: number,
  { before, act }: Story,
  between: (machine: Simulation) => void,
): boolean {
  const machine = new Simulation(policy, 1);
  before?.(machine);
  machine.killAfter(effects);
  act(machine);
  const isOver = !machine.dead;
  machine.killAfter(0);
  between(machine);
  machine.restart();
  machine.advance(REST_MS);
  expect(broken(machine), `killed after ${effects} effects`).toEqual([]);
  for (const uid of machine.lingering.keys()) machine.linger(uid, false, root);
  everybodyOut(machine);
  machine.advance(REST_MS);
  expect([...broken(machine), ...remains(machine)], `killed after ${effects} effects, and gone`).toEqual([]);
  return isOver;
}

describe.each(Object.entries({ ...stories, ...ofPrograms }))(
  "a daemon that is killed in %s",
  (_name, story) => {
    it.each(Object.entries(meanwhile))("keeps the invariants when meanwhile %s", (_what, between) => {
      let effects = 0;
      while (!killedAfter(effects, story, between)) effects++;
      expect(effects).toBeGreaterThan(1);
    });
  },
);
