/** Boots the machine and runs the scenarios in it, one after the other. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Checks } from "./check.ts";
import { Guest } from "./guest.ts";
import { Machine, until } from "./machine.ts";
import { scenarios } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    image: { type: "string", default: "" },
    project: { type: "string", default: "" },
    scratch: { type: "string", default: "" },
    only: { type: "string", default: "" },
  },
});

/** The screen, the daemon's log and the serial line, to see what a failed scenario saw. */
async function keep(machine: Machine, name: string): Promise<void> {
  const file = (ending: string) => join(values.scratch, `${name}.${ending}`);
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

async function main(): Promise<void> {
  const checks = new Checks();
  const start = Date.now();
  const machine = await Machine.start(values);
  const guest = new Guest(machine);
  const asked = values.only.split(",");
  try {
    await until("the machine to boot", 240, async () => (await machine.run("true", 5)).status === 0);
    for (const { name, run } of scenarios) {
      if (name !== "boot" && !asked.some((part) => name.includes(part))) continue;
      const failed = checks.failed;
      checks.begin(name);
      try {
        await run(guest, checks);
      } catch (error) {
        checks.that(false, "runs to its end", (error as Error).message);
      }
      if (checks.failed > failed) await keep(machine, name.replaceAll(/[^a-z0-9]+/g, "-"));
      await guest
        .clear()
        .catch((error: Error) => checks.that(false, "leaves no session behind", error.message));
      process.stdout.write(`      after ${Math.round((Date.now() - start) / 1000)} s\n`);
    }
  } finally {
    await machine.end();
  }
  process.stdout.write(`${checks.passed} passed, ${checks.failed} failed\n`);
  process.exitCode = checks.failed > 0 ? 1 : 0;
}

rmSync(values.scratch, { recursive: true, force: true });
mkdirSync(values.scratch, { recursive: true });
main().catch((error: Error) => {
  process.stdout.write(`FAIL  ${error.stack}\n0 passed, 1 failed\n`);
  process.exit(1);
});
