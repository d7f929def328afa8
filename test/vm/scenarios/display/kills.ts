/** SIGKILL to the login program, to the daemon and to the keeper while a display server runs. */

import type { Checks } from "../../check.ts";
import type { Desk } from "../../desk.ts";
import { until } from "../../machine.ts";
import { answered, daemonOf, keeperOf } from "../kills.ts";
import { away, back, live, muted, starts, types } from "./server.ts";
import { WESTON } from "./weston.ts";
import { wlroots } from "./wlroots.ts";

/** Nothing that the process had of the devices is of use, whoever has it. */
async function harmless(desk: Desk, checks: Checks): Promise<void> {
  await muted(desk, checks);
  const look = await desk.sees(
    "a text terminal",
    (it) => it.terminals[1]?.mode === "text" && it.clients.length === 0,
  );
  checks.equal(look.terminals[1]?.keyboard, "unicode", "the terminal has text and keyboard again");
}

export async function killLogin(desk: Desk, checks: Checks): Promise<void> {
  const pid = await starts(desk, checks, WESTON);
  const session = await desk.seen("alice", 1);
  await desk.witness.hold(pid);
  await desk.machine.sh(`kill -KILL ${session.leader}`);
  await harmless(desk, checks);
  await desk.logIn("bob", 1);
  const bob = await desk.seen("bob", 1);
  checks.that(bob.active, "the next login there is the active session", bob);
}

/** Its devices stay open and live, it is still in control, and the next switch takes them. */
export const killDaemon = (backend: "logind" | "seatd") => async (desk: Desk, checks: Checks) => {
  const sway = wlroots("sway", backend);
  await desk.logIn("bob", 2);
  const pid = await starts(desk, checks, sway);
  const before = await daemonOf(desk);
  await desk.machine.sh(`kill -KILL ${before}`);
  const look = await desk.witness.look().catch(() => undefined);
  if (look !== undefined)
    checks.that(live(look, pid, "dri") && live(look, pid, "input"), "its devices stay live", look.held);
  await checks.comes(
    "another daemon is there",
    until("it", 60, async () => (await daemonOf(desk)) !== before),
  );
  await types(desk, checks, sway, " as before");
  await away(desk, checks, sway, pid, 2);
  await back(desk, checks, sway, pid);

  // Neither is a daemon needed to leave: the keeper mutes what is left.
  await desk.witness.hold(pid);
  await desk.machine.sh(`kill -STOP ${await daemonOf(desk)}; chvt 2`);
  const left = until("tty2 in front", 15, async () => (await desk.vtInFront()) === 2);
  await checks.must("a stopped daemon does not hold the terminal", left);
  await muted(desk, checks);
  await desk.machine.sh(`kill -CONT ${await daemonOf(desk)}`);
  await back(desk, checks, sway, pid);
};

/** What the keeper held is lost: no device stays usable for a session that is not active. */
export async function killKeeper(desk: Desk, checks: Checks): Promise<void> {
  await desk.logIn("bob", 2);
  const pid = await starts(desk, checks, WESTON);
  await desk.machine.sh(`kill -KILL ${await keeperOf(desk)}`);
  const ended = async () => (await desk.machine.run("pgrep -f [s]essionmand.cjs")).status !== 0;
  await checks.comes("without its keeper the daemon ends", until("its end", 30, ended));
  await desk.machine.sh("/etc/init.d/sessionmand start");
  await answered(desk, checks, "a login right after the start of the service is answered");
  const gone = until("its end", 60, async () => !(await desk.exists(`/proc/${pid}`)));
  await checks.comes("who had the devices is gone before anybody is active", gone);
  const look = await desk.sees(
    "a text terminal",
    (it) => it.terminals[1]?.mode === "text" && it.clients.length === 0,
  );
  checks.equal(
    look.held.filter(({ uid }) => uid !== 0),
    [],
    "and nobody has any",
  );
  await desk.keys(2);
  const bob = await desk.seen("bob", 2);
  await checks.comes(
    "the other session is there and active",
    desk.sees("it", (it) => it.active === bob.id, 30),
  );
}
