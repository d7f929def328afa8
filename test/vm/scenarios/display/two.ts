/** Two display servers of two users on one seat: what one can do the other cannot, whoever is in front. */

import type { Checks } from "../../check.ts";
import type { Desk } from "../../desk.ts";
import { back, muted, type Server, starts, types } from "./server.ts";
import { WESTON } from "./weston.ts";
import { wlroots } from "./wlroots.ts";

const BACKGROUND = "775533";
const FIRST: Server = { ...WESTON, line: `/vm/display/weston ${BACKGROUND}`, colour: BACKGROUND };

export async function two(desk: Desk, checks: Checks): Promise<void> {
  const second = wlroots("sway", "logind", "bob", 2);
  const one = await starts(desk, checks, FIRST);
  await desk.witness.hold(one);
  await desk.keys(2);
  const other = await starts(desk, checks, second);
  await muted(desk, checks);
  await types(desk, checks, second);
  for (const [to, pid, from] of [
    [FIRST, one, other],
    [second, other, one],
  ] as const) {
    await desk.witness.hold(from);
    await back(desk, checks, to, pid);
    await muted(desk, checks);
  }
}
