/** A user's services run before the first prompt, in a group that is the user's, and at boot if the user lingers. */

import type { Checks } from "../check.ts";
import type { Guest } from "../guest.ts";
import { until } from "../machine.ts";
import { gone } from "./gone.ts";

const SERVICE = "/home/alice/.config/service/one";
const PID = "/run/user/1000/one.pid";

/** One service for alice; runit, which is installed, is what "auto" comes to. */
export async function furnish(guest: Guest): Promise<void> {
  await guest.machine.sh(
    `mkdir -p ${SERVICE}; printf '#!/bin/sh\\necho $$ >"$XDG_RUNTIME_DIR/one.pid"\\nexec sleep 100000\\n' >${SERVICE}/run; ` +
      `printf '#!/bin/sh\\ntest -s "$XDG_RUNTIME_DIR/one.pid"\\n' >${SERVICE}/check; ` +
      `chmod 755 ${SERVICE}/run ${SERVICE}/check; chown -R alice: /home/alice/.config`,
  );
}

export async function services(guest: Guest, checks: Checks): Promise<void> {
  await furnish(guest);
  await guest.logIn("alice", 1);
  const seen = await guest.typed("alice", 1, `ps -o user=,args= -p $(cat ${PID})`);
  checks.that(/^alice +sleep 100000$/m.test(seen), "the service runs when the shell has its prompt", seen);
  const group = `${await guest.cgroup()}/${guest.sliceOf(1000)}/user@1000.service`;
  const members = await guest.read(`${group}/init.scope/cgroup.procs`);
  const pid = await guest.read(PID);
  checks.that(members.split("\n").includes(pid), "in the group of alice's service manager", members);
  const controllers = await guest.read(`${group}/cgroup.controllers`);
  checks.that(/memory/.test(controllers) && /pids/.test(controllers), "which has controllers", controllers);
  const limited =
    `mkdir ${group}/app.slice && echo "+memory +pids" >${group}/cgroup.subtree_control && ` +
    `echo 50 >${group}/app.slice/pids.max && cat ${group}/app.slice/pids.max; rmdir ${group}/app.slice`;
  checks.equal(await guest.typed("alice", 1, limited), "50", "and alice can limit groups of her own in it");
  await alsoWithoutTheDaemon(guest, checks, pid);
  const session = await guest.session("alice", ({ vtnr }) => vtnr === 1);
  await guest.logOut("alice", 1);
  await gone(guest, checks, session);
  const ended = async () => !(await guest.exists(`/proc/${pid}`));
  await checks.comes("and the service with them", until("its end", 30, ended));
}

async function alsoWithoutTheDaemon(guest: Guest, checks: Checks, pid: string): Promise<void> {
  await guest.machine.sh("pkill -KILL -f '[s]essionmand.cjs'");
  await guest.answers();
  checks.equal(await guest.read(PID), pid, "kill -9 of the daemon does not touch it");
}

/** Before a boot: alice lingers. */
export async function linger(guest: Guest): Promise<void> {
  await furnish(guest);
  await guest.machine.sh("sessionctl linger enable alice");
}

/** After that boot. */
export async function lingered(guest: Guest, checks: Checks): Promise<void> {
  const runs = async () => (await guest.machine.run(`kill -0 $(cat ${PID})`)).status === 0;
  await checks.comes("the service of a lingering user runs after the boot", until("the service", 60, runs));
  checks.equal(await guest.sessions(), [], "without a session");
  const pid = await guest.read(PID);
  await guest.machine.sh("sessionctl linger disable alice");
  const ended = async () => !(await guest.exists(`/proc/${pid}`));
  await checks.comes("and ends when lingering is turned off", until("its end", 30, ended));
}
