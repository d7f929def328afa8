/** Many switches by every way there is, between a display server, two text sessions and an empty terminal. */

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

/** One in so many is made by keys. */
const BY_KEYS = 20;

export const switches = (count: number) => async (desk: Desk, checks: Checks) => {
  const sway = wlroots("sway", "logind");
  await desk.logIn("bob", 2);
  await desk.logIn("carol", 3);
  const pid = await starts(desk, checks, sway);
  const seed = Number(process.env.SESSIONMAN_VM_SEED ?? Date.now() % 1_000_000);
  const keys = count / BY_KEYS;
  const question = { count: count - keys, terminals: [1, 2, 3, 4], seed };
  // some seconds for each burst, and a crowded host
  const report = await desk.witness.ask<Report>("switches", question, 60 + 2 * count);
  const figures = `${report.switches} switches, ${report.looks} looks, settled after ${report.slowest.toFixed(1)} s at most`;
  checks.equal(report.findings, [], `nothing amiss in between (seed ${seed}; ${figures})`);

  for (let pressed = 0; pressed < keys; pressed++)
    await desk.machine.press("ctrl", "alt", `f${1 + ((pressed * 7) % 4)}`);
  const verdict = await desk.witness.check(20, true);
  checks.equal(verdict.findings, [], `nor after ${keys} by keys`);
  await desk.keys(1);
  checks.that(await desk.exists(`/proc/${pid}`), "the display server lives on");
  await types(desk, checks, sway, " after all of them");
};
