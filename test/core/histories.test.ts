/** Random lives of a machine: logins, logouts, crashes of everything, at any moment, checked against the invariants. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OpenFacts } from "../../daemon/src/core/events.ts";
import { NOTHING_ASKED } from "../../daemon/src/core/session-limits.ts";
import { facts } from "./facts.ts";
import { broken } from "./invariants.ts";
import { LOGIN1_ACTIONS, performLogin1 } from "./login1.ts";
import { GID, type Process } from "./machine.ts";
import { CONDUCTS } from "./managers.ts";
import { policy } from "./policy.ts";
import { remains } from "./service-invariants.ts";
import { Simulation } from "./simulation.ts";

/** Half of them of everything, a quarter each of two things that everything meets too seldom. */
const HISTORIES = Number(process.env.HISTORIES ?? 100_000);

type Action = readonly [what: string, a: number, b: number];

function actions(...kinds: readonly string[]): fc.Arbitrary<Action[]> {
  const action = fc.tuple(fc.constantFrom(...kinds), fc.nat(40), fc.nat(40));
  return fc.array(action, { minLength: 1, maxLength: 24 });
}

const ALL = actions(
  ...["login", "login", "login", "login", "logout", "logout", "drop", "exec", "kill", "fork", "end"],
  ...["terminate", "chvt", "crash", "crash", "later", "later", "full", "retry", "damage"],
  ...[
    "conduct",
    "conduct",
    "die",
    "linger",
    "terminateUser",
    "import",
    "nss",
    "configure",
    "cleaning",
    "mount",
  ],
);

/** What is asked over the bus, of sessions that come and go. */
const BUS = actions(
  ...["user", "login", "logout", "kill", "exec", "crash", "restart", "later", "full", "damage"],
  ...["conduct", "conduct", "die", "terminateUser", ...LOGIN1_ACTIONS],
);

/** One user, whose services are what everything turns on. */
const SERVICES = actions(
  ...["user", "user", "kill", "end", "terminateUser", "crash", "crash", "restart", "later", "later"],
  ...["conduct", "die", "linger", "linger", "import", "import", "nss", "configure", "cleaning", "mount"],
);

function pick<T>(from: readonly T[], at: number): T | undefined {
  return from.length === 0 ? undefined : from[at % from.length];
}

function login(machine: Simulation, a: number, b: number): void {
  const uid = 1000 + (a % machine.users);
  const kinds: Partial<OpenFacts>[] = [
    { tty: "pts/1" },
    { tty: `tty${b % 6}`, ttyVt: b % 6 },
    { tty: "ssh", remoteHost: "203.0.113.9", ttyVt: 0 },
    { tty: `tty${b % 6}`, ttyVt: b % 6, remoteHost: "host.example" },
    {
      service: "lightdm",
      hinted: { type: "x11", class: "greeter", desktop: "", seat: "seat0", vtnr: "3", incomplete: "" },
    },
    { tty: "cron" },
    { service: "su", tty: "pts/1" },
    { tty: "pts/1", limits: { ...NOTHING_ASKED, runtimeMax: 9_000_000 } },
  ];
  const alive = [...machine.processes.values()].filter((process) => process.alive);
  const inside = b % 7 === 6 ? pick(alive, a)?.scope : null;
  const leader = b % 5 === 4 ? (pick(alive, a) ?? machine.spawn()) : machine.spawn(inside ?? null);
  machine.open(leader, facts(uid, { gid: GID, ...pick(kinds, b) }), String(a).padStart(32, "0"));
}

const LINGER = ["yes", "no", "per-user"] as const;

function performServices(machine: Simulation, [what, a, b]: Action): void {
  const uid = 1000 + (a % machine.users);
  const requester = { room: "control", call: 0 } as const;
  const caller = { uid: b % 3 === 0 ? uid : 0, pid: 2 };
  const { managers } = machine;
  if (what === "conduct") managers.conducts.set(uid, CONDUCTS[b % CONDUCTS.length] ?? "good");
  if (what === "die") {
    const run = pick([...managers.runs.values()], a);
    if (run !== undefined) managers.end(run, "signal 11");
  }
  if (what === "user") {
    const tty = b % 4 === 3 ? "cron" : "pts/1";
    machine.open(machine.spawn(), facts(uid, { gid: GID, tty }));
  }
  if (what === "restart") {
    machine.killAfter(0);
    machine.restart();
  }
  if (what === "linger") machine.linger(uid, b % 3 !== 0, caller);
  if (what === "terminateUser") machine.terminateUser(uid);
  if (what === "import") {
    const session = pick([...machine.engine.world().sessions.values()], b);
    const value = b % 4 === 0 ? "" : `:${b % 3}`;
    machine.submit({
      kind: "environment.imported",
      at: machine.instant(),
      requester,
      caller,
      uid: session?.uid ?? uid,
      session: b % 5 === 0 ? null : (session?.id ?? null),
      set: b % 2 === 0 ? new Map([[b % 3 === 0 ? "DISPLAY" : "LANG", value]]) : new Map(),
      unset: b % 2 === 0 ? [] : ["DISPLAY"],
    });
  }
  if (what === "nss") b % 2 === 0 ? machine.unknown.add(uid) : machine.unknown.delete(uid);
  if (what === "configure" && b % 4 === 0) machine.backend(a % 2 === 0 ? "" : "/backends/runit");
  else if (what === "configure") machine.lingerPolicy(LINGER[b % 3] ?? "yes");
  if (what === "mount") machine.mountFails = b % 2 === 0;
  if (what === "cleaning") managers.cleaningMs = b % 2 === 0 ? 5 : 40_000;
}

function perform(machine: Simulation, [what, a, b]: Action): void {
  const alive = [...machine.processes.values()].filter((process) => process.alive);
  const sessions = [...machine.engine.world().sessions.values()];
  const process: Process | undefined = pick(alive, a);
  const session = pick(sessions, a);
  const requester = { room: "control", call: 0 } as const;
  if (what === "login") login(machine, a, b);
  if (what === "logout" && session !== undefined) {
    machine.submit({
      kind: "session.closeRequested",
      at: machine.instant(),
      requester,
      id: session.id,
      caller: { uid: 0, pid: session.leader.pid },
      reason: "logout",
    });
    machine.processes.get(session.leader.pid)?.writes.delete(session.id);
  }
  if (what === "drop") process?.writes.clear();
  if (what === "exec" && process !== undefined) {
    process.executable = "2:2";
    process.writes.clear();
  }
  if (what === "kill" && process !== undefined) machine.exit(process);
  if (what === "fork" && process !== undefined) machine.spawn(process.scope);
  if (what === "end")
    for (const each of alive)
      if (each.scope !== null && each.writes.size === 0 && each.identity.pid % 2 === b % 2)
        machine.exit(each);
  if (what === "terminate" && session !== undefined) {
    machine.submit({
      kind: "session.terminateRequested",
      at: machine.instant(),
      requester,
      id: session.id,
      caller: { uid: 1000 + (b % 4), pid: 2 },
    });
  }
  if (what === "chvt") machine.submit({ kind: "vt.activated", at: machine.instant(), vt: b % 6 });
  if (what === "crash") machine.killAfter(b);
  if (what === "later") machine.advance(a * ([500, 3, 2000][b % 3] ?? 1));
  if (what === "full") machine.fillDisk(b % 2 === 0);
  if (what === "damage" && session !== undefined) {
    machine.killAfter(0);
    machine.damage(b % 3 === 0 ? `users/${session.uid}` : `sessions/${session.id}`, session.uid);
  }
  performServices(machine, [what, a, b]);
  performLogin1(machine, [what, a, b]);
  if (what === "retry" && session !== undefined) {
    const leader = machine.processes.get(session.leader.pid);
    if (leader?.alive) machine.open(leader, facts(session.uid, { gid: GID }), session.nonce);
  }
}

/** Longer than a manager that never comes up and never ends keeps anybody busy. */
const REST_MS = 200_000;

/** A daemon that died is started again, timers run out, and then everything must be in order. */
function rest(machine: Simulation): void {
  machine.settle();
  if (machine.dead) machine.restart();
  machine.advance(REST_MS);
  if (machine.dead) machine.restart();
  machine.settle();
}

/** Everybody goes, and nobody lingers. */
function leave(machine: Simulation): void {
  machine.lingerPolicy("per-user");
  for (const uid of machine.lingering.keys()) machine.linger(uid, false, { uid: 0, pid: 2 });
  for (const process of machine.processes.values()) machine.exit(process);
  rest(machine);
}

function live(machine: Simulation, history: readonly Action[]): void {
  for (const [index, each] of history.entries()) {
    perform(machine, each);
    machine.settle();
    if (machine.dead && index % 3 === 0) machine.restart();
  }
  machine.fillDisk(false);
  machine.killAfter(Number.POSITIVE_INFINITY);
  machine.unknown.clear();
  machine.managers.cleaningMs = 5;
  machine.mountFails = false;
  rest(machine);
  expect(broken(machine)).toEqual([]);
  leave(machine);
  expect([...broken(machine), ...remains(machine)]).toEqual([]);
}

const seed = Number(process.env.SEED ?? 20261121);

describe("random histories", () => {
  it(`keep the invariants (${HISTORIES / 2} of them)`, () => {
    fc.assert(
      fc.property(ALL, fc.boolean(), (history, killUserProcesses) =>
        live(new Simulation({ ...policy, killUserProcesses }), history),
      ),
      { numRuns: HISTORIES / 2, seed },
    );
  }, 280_000);

  it(`of programs on the bus keep them, too (${HISTORIES / 4} of them)`, () => {
    fc.assert(
      fc.property(BUS, (history) => live(new Simulation(policy, 2), history)),
      { numRuns: HISTORIES / 4, seed },
    );
  }, 280_000);

  it(`of one user's services keep them, too (${HISTORIES / 4} of them)`, () => {
    fc.assert(
      fc.property(SERVICES, (history) => live(new Simulation(policy, 1), history)),
      { numRuns: HISTORIES / 4, seed },
    );
  }, 280_000);
});
