/** Runs the scenarios of the machine with a display, each of them in the same saved machine. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Checks, Pointless } from "./check.ts";
import { Desk } from "./desk.ts";
import type { Display } from "./hardware.ts";
import type { Machine, Places } from "./machine.ts";
import { resume, saved } from "./saved.ts";
import { type DisplayScenario, displayScenarios } from "./scenarios.ts";

/** Under emulation a second of a real machine is some. */
const SETTLED = 15;

export interface Series {
  readonly places: Places;
  readonly manager: string;
  /** Where saved machines are. */
  readonly folder: string;
  /** What is in the machine, as a word. */
  readonly key: string;
  readonly wanted: (scenario: DisplayScenario) => boolean;
}

/** What is to be read afterwards of a failed scenario. */
async function keep(machine: Machine, file: string): Promise<void> {
  await machine.screen(`${file}.png`).catch(() => {});
  const { output } = await machine.run(
    "cat /run/witness.log; loginctl --no-pager; grep -D skip . /run/systemd/sessions/* /run/systemd/seats/*; " +
      "ps axfo pid,user,stat,cgroup,args; cat /sys/kernel/debug/dri/0/clients; tail -n 400 /var/log/sessionmand.log; grep -v vmunix /var/log/syslog; " +
      "tail -n 100 /run/user/*/display.log /run/user/*/display.out",
  );
  writeFileSync(`${file}.log`, output);
  writeFileSync(`${file}.serial`, machine.serial());
  process.stdout.write(`      see ${file}.log and ${file}.png\n`);
}

async function one(
  series: Series,
  display: Display,
  scenario: DisplayScenario,
  checks: Checks,
): Promise<void> {
  const failed = checks.failed;
  const start = Date.now();
  const name = `${series.manager} ${scenario.name}`;
  const file = join(series.places.scratch, name.replaceAll(/[^a-z0-9]+/g, "-"));
  checks.begin(name);
  const machine = await resume(series.places, display);
  const desk = new Desk(machine, series.manager, file);
  try {
    await scenario.run(desk, checks);
    const verdict = await desk.witness.check(SETTLED, true);
    const seen = `${verdict.sessions} sessions, ${verdict.devices} devices`;
    checks.equal(verdict.findings, [], `the witness finds nothing amiss (${seen})`);
  } catch (error) {
    if (!(error instanceof Pointless)) checks.that(false, "runs to its end", (error as Error).message);
  }
  if (checks.failed > failed) await keep(machine, file);
  desk.close();
  await machine.end();
  process.stdout.write(`      after ${Math.round((Date.now() - start) / 1000)} s\n`);
}

/** What this session manager is asked for; what it cannot be asked for is said. */
function chosen({ manager, wanted }: Series, checks: Checks): DisplayScenario[] {
  const theirs = manager !== "sessionman";
  return displayScenarios.filter((scenario) => {
    if (!wanted(scenario) || (scenario.theirs && !theirs)) return false;
    if (!theirs || scenario.ours === undefined) return true;
    checks.skip(`${manager} ${scenario.name}`, scenario.ours);
    return false;
  });
}

export async function runDisplay(series: Series, checks: Checks): Promise<void> {
  const scenarios = chosen(series, checks);
  if (scenarios.length === 0) return;
  const start = Date.now();
  const display = await saved(series.places, series.folder, series.manager, series.key);
  process.stdout.write(
    `-- ${series.manager}: a machine after ${Math.round((Date.now() - start) / 1000)} s\n`,
  );
  for (const scenario of scenarios) await one(series, display, scenario, checks);
}
