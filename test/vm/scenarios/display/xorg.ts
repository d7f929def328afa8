/** Xorg without root: it takes its devices over login1 and gives its display back by itself. */

import type { Checks } from "../../check.ts";
import type { Desk } from "../../desk.ts";
import { away, back, COLOUR, restored, type Server, starts, types } from "./server.ts";

const XORG: Server = { program: "Xorg", user: "alice", vt: 1, line: "/vm/display/x", colour: COLOUR };

export async function xorg(desk: Desk, checks: Checks): Promise<void> {
  await desk.logIn("bob", 2);
  const pid = await starts(desk, checks, XORG);
  await types(desk, checks, XORG);
  await away(desk, checks, XORG, pid, 2);
  await back(desk, checks, XORG, pid);
  await desk.machine.sh(`kill -TERM ${pid}`);
  await restored(desk, checks, XORG);
}
