/** What must hold whenever the simulated machine is at rest: the rules of a session manager, told without its code. */

import { isDeepStrictEqual } from "node:util";
import { seat0 } from "../../daemon/src/core/seats.ts";
import { brokenLogin1 } from "./login1.ts";
import { brokenServices } from "./service-invariants.ts";
import type { Simulation } from "./simulation.ts";

/** Sentences about what is broken; none when all is well. */
export function broken(machine: Simulation): string[] {
  const wrong: string[] = [];
  const check = (holds: boolean, sentence: string) => {
    if (!holds) wrong.push(sentence);
  };
  const world = machine.engine.world();
  const sessions = [...world.sessions.values()];
  const users = [...world.users.values()];
  const live = sessions.filter((session) => session.stage.phase !== "closing");
  for (const bug of machine.bugs) wrong.push(`a step threw: ${String(bug)}`);

  const holders = new Map<number, string>();
  for (const session of live) {
    if (session.remote)
      check(session.seat === null && session.vtnr === 0, `I5: remote session ${session.id} is seated`);
    if (session.vtnr !== 0) check(session.seat === "seat0", `I6: session ${session.id} has a VT and no seat`);
    if (session.vtnr !== 0 && session.class !== "greeter") {
      check(!holders.has(session.vtnr), `I6: VT ${session.vtnr} is held twice`);
      holders.set(session.vtnr, session.id);
    }
    check(
      session.runtimeMax === null || machine.now < session.created.monotonic + session.runtimeMax,
      `session ${session.id} lasts longer than it may`,
    );
    check(session.stage.phase === "running", `session ${session.id} is still opening at rest`);
    const leader = machine.processes.get(session.leader.pid);
    check(
      leader?.alive === true || machine.fifoHeld(session.id),
      `I11: session ${session.id} runs and nobody holds it`,
    );
    const held = machine.fifoHeld(session.id);
    const followed = !session.lifetime && leader?.alive === true;
    check(held || followed, `I12: the FIFO of session ${session.id} is at its end`);
    check(
      world.leaders.get(session.leader.pid) === session.id,
      `the leader of session ${session.id} is not found`,
    );
  }
  check(world.leaders.size === live.length, "the table of leaders has an entry too many");
  const seated = live.filter((session) => session.seat === "seat0").map((session) => session.id);
  check(new Set(seated).size === seat0(world).sessions.length, "seat0 does not list its sessions");

  for (const session of sessions) {
    if (session.stage.phase !== "closing") continue;
    check(
      machine.scopePopulated(session.id),
      `I13: session ${session.id} is still closing, and its scope is empty`,
    );
  }

  wrong.push(
    ...machine.managers.wrongs,
    ...machine.logins.wrongs,
    ...brokenServices(machine),
    ...brokenLogin1(machine),
  );
  for (const user of users) {
    const failed = user.runtime.state === "failed";
    check(machine.runtime.has(user.uid) !== failed, `I9: user ${user.uid} has no runtime directory`);
    for (const id of user.sessions)
      check(world.sessions.get(id)?.uid === user.uid, `user ${user.uid} lists session ${id}`);
  }
  for (const uid of machine.runtime.keys())
    check(world.users.has(uid), `I9: a runtime directory of ${uid} is left`);
  for (const session of sessions) {
    check(
      world.users.get(session.uid)?.sessions.has(session.id) === true,
      `I17: session ${session.id} has no user`,
    );
  }
  for (const id of machine.scopes.keys())
    check(world.sessions.has(id), `I14: scope ${id} belongs to no session`);
  for (const session of sessions)
    check(machine.scopes.has(session.id), `I14: session ${session.id} has no scope`);
  for (const id of machine.fifos) check(world.sessions.has(id), `the FIFO of session ${id} is left`);

  if (!machine.diskWasFull) checkDisk(machine, check);
  for (const { before, after } of world.sessions.since(machine.published.sessions)) {
    check(
      before?.stage === after?.stage,
      `I20: session ${(before ?? after)?.id} is published as it no longer is`,
    );
  }
  for (const session of sessions)
    check(
      machine.announced.get(session.id) === 1,
      `I21: session ${session.id} was announced ${machine.announced.get(session.id)} times`,
    );
  for (const [id, count] of machine.announced)
    check(count === (world.sessions.has(id) ? 1 : 0), `I21: session ${id} was not taken back`);
  return wrong;
}

function checkDisk(machine: Simulation, check: (holds: boolean, sentence: string) => void): void {
  const world = machine.engine.world();
  for (const session of world.sessions.values()) {
    const stored = machine.storedSession(session.id);
    check(isDeepStrictEqual(stored, session), `I19: the record of session ${session.id} differs`);
  }
  for (const key of machine.disk.keys()) {
    const id = key.startsWith("sessions/") ? key.slice("sessions/".length) : null;
    if (id !== null) check(world.sessions.has(id), `I19: a record of session ${id} is left`);
    const uid = key.startsWith("users/") ? Number(key.slice("users/".length)) : null;
    if (uid !== null) check(world.users.has(uid), `I19: a record of user ${uid} is left`);
  }
}
