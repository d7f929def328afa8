/** The gettys of a simulated keeper, and what must hold of them. */

import type { GettyOrder } from "../../daemon/src/loop/seat-ports.ts";
import type { Simulation } from "./simulation.ts";

const WINDOW_US = 60_000_000;
const STARTS_MAX = 5;

export class GettyModel {
  /** By their terminals. */
  readonly running = new Set<number>();
  /** Terminals that somebody else has open. */
  readonly open = new Set<number>();
  /** Have ended when there was no daemon to tell. */
  readonly untold = new Set<number>();
  readonly wrongs: string[] = [];

  /** Null, or why it does not start. */
  start({ vt, command, anyway }: GettyOrder): string | null {
    if (!command.includes(`tty${vt}`)) this.wrongs.push(`a getty of tty${vt} was to be ${command}`);
    if (this.running.has(vt)) return null;
    if (this.open.has(vt) && !anyway) return "EBUSY";
    this.running.add(vt);
    return null;
  }

  /** Another keeper knows of none of them. */
  lose(): void {
    for (const vt of this.running) this.open.add(vt);
    this.running.clear();
    this.untold.clear();
  }

  get held(): number[] {
    return [...this.running, ...this.untold];
  }
}

/** Sentences about a machine at rest. */
export function brokenGettys(machine: Simulation): string[] {
  const { gettys } = machine.seats.keeper;
  const world = machine.engine.world();
  const wrong = [...gettys.wrongs];
  for (const vt of new Set([...world.gettys.keys(), ...gettys.running])) {
    const state = world.gettys.get(vt)?.state ?? "off";
    if ((state === "running") !== gettys.running.has(vt)) wrong.push(`the getty of tty${vt} is ${state}`);
    if (state === "due" && ![...world.sessions.values()].some(({ vtnr }) => vtnr === vt))
      wrong.push(`the getty of tty${vt} waits for the end of nobody`);
  }
  return wrong;
}

/** The same when nobody is logged in, and each terminal of theirs was shown. */
export function missingGettys(machine: Simulation): string[] {
  const { gettys } = machine.seats.keeper;
  const { automatic, reserved } = machine.policy.vts;
  const world = machine.engine.world();
  const wanted = [...Array(automatic).keys()].map((index) => index + 1);
  if (reserved > 0) wanted.push(reserved);
  return wanted.flatMap((vt) => {
    const starts = world.gettys.get(vt)?.starts ?? [];
    const many = starts.filter((start) => machine.now - start < WINDOW_US).length >= STARTS_MAX;
    return gettys.running.has(vt) || gettys.open.has(vt) || many ? [] : [`tty${vt} has no getty`];
  });
}
