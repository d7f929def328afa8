/** A new boot knows nothing of the last one, and works with the other layout of control groups as well. */

import type { Checks } from "../check.ts";
import type { Guest } from "../guest.ts";
import { boot } from "./boot.ts";
import { textLogin } from "./text-login.ts";

export async function reboot(guest: Guest, checks: Checks): Promise<void> {
  const { machine } = guest;
  await guest.stay("bob");
  await guest.logIn("alice", 1);
  const before = await guest.session("alice");
  checks.that(Number(before.id) > 1, "ids of this boot have gone on", before.id);
  // There are machines whose /run is not a tmpfs: what this boot wrote is there at the next one.
  await machine.sh("rm -rf /vm/run; cp -a /run/sessionman /vm/run; echo hybrid >/vm/cgroup");
  await guest.reboot("reboot");
  await boot(guest, checks);
  checks.that(await guest.exists("/vm/run-was-laid"), "although the records of the last boot lay there");
  checks.equal(await guest.cgroup(), "/sys/fs/cgroup/unified", "cgroup v2 is beside v1 in this boot");
  const controllers = await guest.read("/sys/fs/cgroup/unified/cgroup.controllers");
  checks.that(!controllers.includes("pids"), "without the controllers, which v1 has", controllers);
  const user = await guest.exists("/run/user/1000");
  checks.that(!user, "there is no runtime directory of the last boot");
  await guest.logIn("alice", 1);
  checks.equal((await guest.session("alice")).id, "1", "ids begin anew");
  await guest.logOut("alice", 1);
  await textLogin(guest, checks);
}
