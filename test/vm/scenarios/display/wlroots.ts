/** sway and cage, which use libseat, over login1 and over the seatd protocol. */

import type { Checks } from "../../check.ts";
import type { Desk } from "../../desk.ts";
import { away, back, COLOUR, restored, type Server, starts, types } from "./server.ts";

export type Program = "sway" | "cage";
export type Backend = "logind" | "seatd";

export const wlroots = (program: Program, backend: Backend, user = "alice", vt = 1): Server => ({
  program,
  user,
  vt,
  line: `/vm/display/wlroots ${program} ${backend}`,
  colour: COLOUR,
});

export const compositor = (program: Program, backend: Backend) => async (desk: Desk, checks: Checks) => {
  const server = wlroots(program, backend);
  // Debian's seatd keeps answering for a terminal whose display server is gone.
  if (desk.manager === "elogind" && backend === "seatd") await desk.witness.ask("ignore", { mode: "switch" });
  await desk.logIn("bob", 2);
  const pid = await starts(desk, checks, server);
  await types(desk, checks, server);
  await away(desk, checks, server, pid, 2);
  await back(desk, checks, server, pid);
  await desk.machine.sh(`kill -TERM ${pid}`);
  await restored(desk, checks, server);
};
