/** Boots the machine with text terminals and runs its scenarios in it, one after the other. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Checks } from "./check.ts";
import { Guest } from "./guest.ts";
import { Machine, type Places, until } from "./machine.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

/** The screen, the daemon's log and the serial line, to see what a failed scenario saw. */
async function keep(machine: Machine, places: Places, name: string): Promise<void> {
  const file = (ending: string) => join(places.scratch, `${name}.${ending}`);
  await machine.screen(file("png")).catch(() => {});
  const { output } = await machine.run(
    "sessionctl list; sessionctl users; ps axfo pid,cgroup,args; tail -n 200 /var/log/sessionmand.log /var/log/syslog /var/log/auth.log",
  );
  writeFileSync(file("log"), output);
  writeFileSync(file("serial"), machine.serial());
  // What this scenario has broken must not be blamed on the next one.
  await machine.run("pidof sessionmand || /etc/init.d/sessionmand start");
  process.stdout.write(`      see ${file("log")} and ${file("png")}\n`);
}

/**
 * It has booted, or the first scenario says what it has not. A processor that the emulator has lost, which the other
 * one's kernel says, is nothing that the project's files could bring about: then it is booted once more.
 */
async function booted(places: Places): Promise<Machine> {
  for (let again = true; ; again = false) {
    const machine = await Machine.start(places);
    const up = () => machine.run("sessionctl list", 5).then(({ status }) => status === 0);
    try {
      await until("the machine to boot", 240, up);
      return machine;
    } catch {
      if (!again || !/soft lockup - CPU#\d+ stuck/.test(machine.serial())) return machine;
    }
    process.stdout.write("      the emulator has lost a processor: the machine is booted again\n");
    await machine.end();
  }
}

export async function runText(
  places: Places,
  wanted: (scenario: Scenario) => boolean,
  checks: Checks,
): Promise<void> {
  if (!scenarios.some(wanted)) return;
  const start = Date.now();
  const machine = await booted(places);
  const guest = new Guest(machine);
  try {
    for (const scenario of scenarios) {
      const { name, run } = scenario;
      if (name !== "boot" && !wanted(scenario)) continue;
      const failed = checks.failed;
      checks.begin(name);
      try {
        await run(guest, checks);
      } catch (error) {
        checks.that(false, "runs to its end", (error as Error).message);
      }
      if (checks.failed > failed) await keep(machine, places, name.replaceAll(/[^a-z0-9]+/g, "-"));
      await guest
        .clear()
        .catch((error: Error) => checks.that(false, "leaves no session behind", error.message));
      process.stdout.write(`      after ${Math.round((Date.now() - start) / 1000)} s\n`);
    }
  } finally {
    await machine.end();
  }
}
