/**
 * How long a switch of terminals takes beside elogind: from the request until every access list and every
 * descriptor is in its final state. Two machines of the same hardware run by turns, so that what else goes on
 * where they run hits both.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Checks } from "./check.ts";
import { Desk } from "./desk.ts";
import type { Series } from "./display.ts";
import { resume, saved } from "./saved.ts";

interface Times {
  readonly devices: number;
  readonly away: readonly number[];
  readonly back: readonly number[];
}

const DEVICES = [1, 20, 100];
const TURNS = 3;
const ROUNDS = 8;

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
const shown = (numbers: readonly number[]) => `${median(numbers).toFixed(0)} ms`;

async function start(series: Series): Promise<Desk> {
  const scratch = join(series.places.scratch, `speed-${series.manager}`);
  mkdirSync(scratch, { recursive: true });
  const places = { ...series.places, scratch };
  const machine = await resume(places, await saved(places, series.folder, series.manager, series.key));
  const desk = new Desk(machine, series.manager, join(scratch, "screen"));
  await desk.logIn("bob", 2);
  await desk.logIn("alice", 1);
  return desk;
}

async function turn(desk: Desk, seen: Times[]): Promise<void> {
  await desk.machine.monitor.ask("cont");
  seen.push(await desk.witness.ask<Times>("rounds", { count: ROUNDS }, 600));
  await desk.machine.monitor.ask("stop");
}

async function compare(ours: Desk, theirs: Desk, count: number, checks: Checks): Promise<void> {
  const seen: [Times[], Times[]] = [[], []];
  for (const desk of [ours, theirs]) {
    await desk.machine.monitor.ask("cont");
    await desk.witness.ask("plug", { count }, 600);
    await desk.machine.monitor.ask("stop");
  }
  for (let i = 0; i < TURNS; i++) {
    await turn(ours, seen[0]);
    await turn(theirs, seen[1]);
  }
  for (const way of ["away", "back"] as const) {
    const [a, b] = seen.map((times) => times.flatMap((it) => it[way])) as [number[], number[]];
    const claim = `${seen[0][0]?.devices} devices, ${way}: ${shown(a)}, elogind ${shown(b)}`;
    checks.that(median(a) <= median(b), claim, { ours: a, theirs: b });
  }
  for (const desk of [ours, theirs]) {
    await desk.machine.monitor.ask("cont");
    await desk.witness.ask("unplug", {}, 600);
  }
}

export async function runSpeed(ours: Series, theirs: Series, checks: Checks): Promise<void> {
  checks.begin("speed");
  const desks: Desk[] = [];
  try {
    for (const series of [ours, theirs]) desks.push(await start(series));
    const [first, second] = desks as [Desk, Desk];
    for (const count of DEVICES) await compare(first, second, count, checks);
  } catch (error) {
    checks.that(false, "runs to its end", (error as Error).message);
  }
  for (const desk of desks) {
    desk.close();
    await desk.machine.end();
  }
}
