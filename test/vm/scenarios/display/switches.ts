/** A thousand switches by every way there is, between a display server, two text sessions and an empty terminal. */

import type { Checks } from "../../check.ts";
import type { Desk } from "../../desk.ts";
import { starts, types } from "./server.ts";
import { wlroots } from "./wlroots.ts";

interface Report {
  readonly switches: number;
  readonly findings: readonly string[];
  readonly slowest: number;
  readonly looks: number;
}

const BY_PROGRAM = 950;
const BY_KEYS = 50;

export async function switches(desk: Desk, checks: Checks): Promise<void> {
  const sway = wlroots("sway", "logind");
  await desk.logIn("bob", 2);
  await desk.logIn("carol", 3);
  const pid = await starts(desk, checks, sway);
  const seed = Number(process.env.SESSIONMAN_VM_SEED ?? Date.now() % 1_000_000);
  const question = { count: BY_PROGRAM, terminals: [1, 2, 3, 4], seed };
  const report = await desk.witness.ask<Report>("switches", question, 900);
  const figures = `${report.switches} switches, ${report.looks} looks, settled after ${report.slowest.toFixed(1)} s at most`;
  checks.equal(report.findings, [], `nothing amiss in between (seed ${seed}; ${figures})`);

  for (let pressed = 0; pressed < BY_KEYS; pressed++)
    await desk.machine.press("ctrl", "alt", `f${1 + ((pressed * 7) % 4)}`);
  const verdict = await desk.witness.check(20, true);
  checks.equal(verdict.findings, [], `nor after ${BY_KEYS} by keys`);
  await desk.keys(1);
  checks.that(await desk.exists(`/proc/${pid}`), "the display server lives on");
  await types(desk, checks, sway, " after all of them");
}
