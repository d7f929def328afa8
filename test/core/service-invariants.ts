/** What must hold of service managers and lingering whenever the simulated machine is at rest. */

import type { User } from "../../daemon/src/core/model.ts";
import { renderUser } from "../../daemon/src/store/render-user.ts";
import { BOOT, checksum } from "./machine.ts";
import type { Simulation } from "./simulation.ts";

type Check = (holds: boolean, sentence: string) => void;

export function brokenServices(machine: Simulation): string[] {
  const wrong: string[] = [];
  const check: Check = (holds, sentence) => {
    if (!holds) wrong.push(sentence);
  };
  const world = machine.engine.world();
  for (const user of world.users.values()) {
    checkUser(machine, user, check);
    if (!machine.diskWasFull) {
      const stored = machine.disk.get(`users/${user.uid}`);
      const now = renderUser(user, BOOT, checksum);
      check(stored === now, `I19: the record of user ${user.uid} is ${stored} instead of ${now}`);
    }
  }
  for (const uid of machine.managers.runs.keys())
    check(world.users.has(uid), `I17: the manager of ${uid} has no user`);
  for (const uid of machine.managers.logs)
    check(world.users.has(uid), `the log of a manager of ${uid} is left`);
  const files = new Set(machine.lingering.keys());
  check(
    files.size === world.lingering.size && [...files].every((uid) => world.lingering.has(uid)),
    "I32: the lingering users are not those of the files",
  );
  check(world.queue.length === 0, `users ${world.queue} are still in the queue`);
  if (machine.policy.services.default.linger !== "no")
    for (const uid of files) check(world.users.has(uid), `I17: user ${uid} lingers and does not exist`);
  return wrong;
}

function checkUser(machine: Simulation, user: User, check: Check): void {
  const { uid, manager } = user;
  const { services } = machine.policy;
  const world = machine.engine.world();
  const { linger } = services.default;
  const listed = linger !== "no" && machine.lingering.get(uid) === user.name;
  const run = machine.managers.runs.get(uid);
  const sessions = [...user.sessions].map((id) => world.sessions.get(id));
  const wanted = sessions.some(
    (session) => session?.stage.phase === "running" && services.classes.includes(session.class),
  );
  const stays = listed || (linger === "yes" && run !== undefined);
  check(user.sessions.size > 0 || stays, `I17: user ${uid} exists without a session`);
  check(["none", "running", "failed"].includes(manager.state), `the manager of ${uid} is ${manager.state}`);
  check(
    (run !== undefined) === (manager.state === "running"),
    `I16: the manager of ${uid} is ${manager.state}`,
  );
  check(run === undefined || run.alive, `what is left of the manager of ${uid} is not cleared away`);
  check(run === undefined || sessions.length > 0 || stays, `I16: nobody needs the manager of ${uid}`);
  check(!(manager.state === "running" && user.impatient), `user ${uid} is impatient with a running manager`);
  for (const [name, { session }] of user.imported) {
    const from = world.sessions.get(session ?? "");
    const lives = from?.uid === uid && from.stage.phase === "running";
    check(session === null || lives, `${name} of ${uid} has outlived session ${session}`);
  }
  const called = wanted || listed;
  const excused = machine.excused.has(uid) || user.guessed || services.default.backend === "";
  check(!called || manager.state !== "none" || excused, `user ${uid} has no manager`);
  if (run !== undefined && !machine.diskWasFull) {
    const told = JSON.stringify([...run.environment].sort());
    const imported = [...user.imported].map(([name, { value }]) => [name, value]).sort();
    check(told === JSON.stringify(imported), `the services of ${uid} know ${told}`);
    const display = user.imported.get("DISPLAY")?.value ?? "";
    check(run.graphical === (display !== ""), `the graphical services of ${uid} are not as DISPLAY is`);
  }
}

/** What is left when everybody has gone. */
export function remains(machine: Simulation): string[] {
  const { users, sessions } = machine.engine.world();
  const records = [...machine.disk.keys()].filter((key) => key !== "next-id");
  return [
    ...[...users.keys()].map((uid) => `user ${uid} is left`),
    ...[...sessions.keys()].map((id) => `session ${id} is left`),
    ...[...machine.runtime.keys()].map((uid) => `the runtime directory of ${uid} is left`),
    ...[...machine.managers.runs.keys()].map((uid) => `a manager of ${uid} is left`),
    ...[...machine.managers.logs].map((uid) => `the log of ${uid} is left`),
    ...records.map((key) => `the record ${key} is left`),
  ];
}
