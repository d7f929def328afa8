/** Weston, which asks login1 itself: drawing, typing, away and back, stopped, killed. */

import type { Checks } from "../../check.ts";
import type { Desk } from "../../desk.ts";
import { until } from "../../machine.ts";
import { away, back, COLOUR, muted, noMaster, restored, type Server, starts, types } from "./server.ts";

export const WESTON: Server = {
  program: "weston",
  user: "alice",
  vt: 1,
  line: `/vm/display/weston ${COLOUR}`,
  colour: COLOUR,
};

export async function weston(desk: Desk, checks: Checks): Promise<void> {
  await desk.logIn("bob", 2);
  const pid = await starts(desk, checks, WESTON);
  await types(desk, checks, WESTON);
  await away(desk, checks, WESTON, pid, 2);
  checks.equal(await desk.typed("bob", 2, "id -un"), "bob", "and what is typed there goes to its shell");
  await back(desk, checks, WESTON, pid);

  // Stopped it sees no keys: the switch is asked of the kernel.
  await desk.machine.sh(`kill -STOP ${pid}`);
  await desk.witness.hold(pid);
  await desk.machine.sh("chvt 2");
  const left = until("tty2 in front", 15, async () => (await desk.vtInFront()) === 2);
  await checks.must("a stopped weston does not hold the terminal", left);
  await muted(desk, checks);
  await noMaster(desk, checks);
  await desk.machine.sh(`kill -CONT ${pid}`);
  await back(desk, checks, WESTON, pid);

  await desk.machine.sh(`kill -KILL ${pid}`);
  await restored(desk, checks, WESTON);
  await desk.keys(2);
  await checks.comes(
    "and keys switch terminals",
    desk.sees("tty2", (look) => look.vt === 2),
  );
}
