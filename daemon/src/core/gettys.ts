/**
 * Gettys on the virtual terminals to which the configuration gives one. The keeper starts them, and knows which run. A
 * terminal with a session gets none, nor one that somebody has open, which the keeper looks at.
 *
 *   off --shown, or reserved, and free--> running --it ended--> running (the next one)
 *   running --it ended before its session--> due --the session has ended, too--> running
 *   running --it could not be started, or too many have ended--> off
 *
 * The next one is started even if somebody has the terminal open: a program that a login left behind would keep it dark
 * for ever.
 */

import type { Event } from "./events.ts";
import type { Instant, World } from "./model.ts";
import { chain, type Step, same } from "./outcome.ts";
import type { Getty } from "./seat-model.ts";
import { seat0 } from "./seats.ts";
import { sessionOnVt } from "./select.ts";

const STARTS_MAX = 5;
const STARTS_WINDOW_US = 60_000_000;
const NONE: Getty = { state: "off", starts: [], said: "" };

function gettyOf(world: World, vt: number): Getty {
  return world.gettys.get(vt) ?? NONE;
}

function putGetty(world: World, vt: number, getty: Getty): World {
  return { ...world, gettys: world.gettys.with(vt, getty) };
}

function isWanted({ policy }: World, vt: number): boolean {
  const { automatic, reserved } = policy.vts;
  return vt >= 1 && (vt <= automatic || vt === reserved);
}

function hasSession(world: World, vt: number): boolean {
  return sessionOnVt(world, seat0(world), vt, () => true) !== null;
}

/** Those that still count. */
function recent({ starts }: Getty, { monotonic }: Instant): readonly number[] {
  return starts.filter((start) => monotonic - start < STARTS_WINDOW_US);
}

/** The terminal is shown; first: nobody knew before that there are any. */
export function shown(world: World, vt: number, at: Instant, first: boolean): Step {
  return chain(
    world,
    (now) => (first ? allocate(now) : same(now)),
    (now) => (first ? offer(now, now.policy.vts.reserved, at) : same(now)),
    (now) => offer(now, vt, at),
  );
}

/** The reserved one is allocated by its getty. */
function allocate(world: World): Step {
  const last = world.policy.vts.automatic;
  return { world, effects: last === 0 ? [] : [{ kind: "vts.allocate", last }] };
}

/** Those that run go on, whatever the configuration says now: somebody may be logged in. */
export function policyChanged(world: World, at: Instant): Step {
  const { hasVts, activeVt } = seat0(world);
  return hasVts ? shown(world, activeVt, at, true) : same(world);
}

function offer(world: World, vt: number, at: Instant): Step {
  const getty = gettyOf(world, vt);
  const fits = isWanted(world, vt) && getty.state !== "running" && !hasSession(world, vt);
  return fits && recent(getty, at).length < STARTS_MAX ? start(world, vt, at, false) : same(world);
}

function start(world: World, vt: number, at: Instant, anyway: boolean): Step {
  const getty = gettyOf(world, vt);
  const starts = [...recent(getty, at), at.monotonic];
  const command = world.policy.vts.getty.map((word) => word.replaceAll("%t", `tty${vt}`));
  return {
    world: putGetty(world, vt, { ...getty, state: "running", starts }),
    effects: [{ kind: "getty.start", vt, command, anyway }],
  };
}

export function gettyEnded(world: World, event: Extract<Event, { kind: "getty.ended" }>): Step {
  const { vt, at, error, how } = event;
  const getty = gettyOf(world, vt);
  if (getty.state !== "running") return same(world);
  if (error !== null) return notStarted(world, vt, getty, error);
  if (!isWanted(world, vt)) return same(putGetty(world, vt, { ...getty, state: "off" }));
  if (hasSession(world, vt)) return same(putGetty(world, vt, { ...getty, state: "due" }));
  return next(world, vt, at, how);
}

/** It does not count: it has not failed by itself, or fails again only when somebody wants it. */
function notStarted(world: World, vt: number, getty: Getty, error: string): Step {
  const starts = getty.starts.slice(0, -1);
  const said = error === "EBUSY" ? getty.said : error;
  const after = putGetty(world, vt, { state: "off", starts, said });
  if (said === getty.said) return same(after);
  const message = `cannot start the getty of tty${vt}: ${error}`;
  return { world: after, effects: [{ kind: "log", level: "warn", message }] };
}

function next(world: World, vt: number, at: Instant, how: string): Step {
  const getty = gettyOf(world, vt);
  if (recent(getty, at).length < STARTS_MAX) return start(world, vt, at, true);
  const last = how === "" ? "" : `, the last one with ${how}`;
  const message = `${STARTS_MAX} gettys of tty${vt} have ended within a minute${last}: the next one is started when the terminal is switched to after a while`;
  return {
    world: putGetty(world, vt, { ...getty, state: "off" }),
    effects: [{ kind: "log", level: "warn", message }],
  };
}

/** A session has left that terminal. */
export function sessionGone(world: World, vt: number, at: Instant): Step {
  if (gettyOf(world, vt).state !== "due" || hasSession(world, vt)) return same(world);
  return isWanted(world, vt)
    ? next(world, vt, at, "")
    : same(putGetty(world, vt, { ...gettyOf(world, vt), state: "off" }));
}

/** Those that the keeper has from before. */
export function adoptGettys(world: World, vts: readonly number[]): World {
  let { gettys } = world;
  for (const vt of vts) gettys = gettys.with(vt, { ...NONE, state: "running" });
  return { ...world, gettys };
}
