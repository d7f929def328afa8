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
  await desk.logIn("bob", 2);
  const pid = await starts(desk, checks, server);
  await types(desk, checks, server);
  await away(desk, checks, server, pid, 2);
  await back(desk, checks, server, pid);
  await desk.machine.sh(`kill -TERM ${pid}`);
  await restored(desk, checks, server);
  if (desk.manager === "elogind" && backend === "seatd") await leftToSeatd(desk, checks, server.vt);
};

/** By its source (vt_close in seat.c) Debian's seatd asks to be asked for each switch away from a terminal it has done with. */
async function leftToSeatd(desk: Desk, checks: Checks, vt: number): Promise<void> {
  const { terminals } = await desk.witness.look();
  checks.equal(terminals[vt]?.switch, "process", "Debian's seatd differs: it stays in charge of switches");
  await desk.witness.ask("ignore", { mode: "switch" });
}
