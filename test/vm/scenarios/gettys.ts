/** The configured gettys come to terminals that nobody has, and only there: init's own are left alone. */

import type { Checks } from "../check.ts";
import type { Guest } from "../guest.ts";
import { until } from "../machine.ts";
import { gone } from "./gone.ts";

/** One that init has no getty on, and one that it has. */
const FREE = 8;
const TAKEN = 2;

/** Processes that open this terminal for a login. */
async function gettysOn(guest: Guest, vt: number): Promise<string[]> {
  const { output } = await guest.machine.run(`pgrep -f '^/sbin/[a]*getty .*tty${vt}( |$)'`);
  return output.split("\n").filter((line) => line !== "");
}

export async function gettys(guest: Guest, checks: Checks): Promise<void> {
  checks.equal(await gettysOn(guest, FREE), [], `init has no getty on tty${FREE}`);
  const [inits, ...more] = await gettysOn(guest, TAKEN);
  checks.that(inits !== undefined && more.length === 0, `and one on tty${TAKEN}`, { inits, more });

  await guest.configure("vts: {automatic: 8}");
  await guest.machine.sh("/etc/init.d/sessionmand reload");
  await guest.switchTo(FREE);
  await guest.prompt(FREE, /login:$/);
  checks.equal((await gettysOn(guest, FREE)).length, 1, "a free terminal that is switched to has a getty");
  await guest.logIn("alice", FREE);
  const alice = await guest.session("alice");
  checks.equal([alice.seat, alice.vtnr, alice.state], ["seat0", FREE, "active"], "with which one logs in");
  const scope = await guest.read(`/proc/${alice.leader}/cgroup`);
  checks.that(scope.includes(`session-${alice.id}.scope`), "into a session as from any other getty", scope);
  await guest.logOut("alice", FREE);
  await gone(guest, checks, alice);

  await guest.switchTo(TAKEN);
  await guest.machine.sh("sleep 3");
  checks.equal(await gettysOn(guest, TAKEN), [inits], "a terminal that has init's getty gets no second one");
  await guest.machine.sh("pkill -KILL -f [s]essionmand.cjs");
  await guest.answers();
  await guest.switchTo(FREE);
  await guest.machine.sh("sleep 3");
  checks.equal((await gettysOn(guest, FREE)).length, 1, "kill -9 of the daemon makes no second one either");
  await guest.configure("");
  await guest.machine.sh("/etc/init.d/sessionmand reload");
  await guest.machine.sh(`pkill -f '[g]etty .*tty${FREE}'`);
  await until(`no getty on tty${FREE}`, 30, async () => (await gettysOn(guest, FREE)).length === 0);
}
