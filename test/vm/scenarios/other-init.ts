/** The service files of init systems that supervise: they start the keeper at boot and again when it was killed. */

import type { Checks } from "../check.ts";
import type { Guest } from "../guest.ts";
import { answered, factsOf, keeperOf, unchanged } from "./kills.ts";
import { linger, lingered } from "./services.ts";

async function underInit(guest: Guest, checks: Checks, status: string): Promise<void> {
  const service = await guest.machine.run(status);
  checks.that(service.status === 0, "the service says that it is running", service.output);
  await guest.logIn("alice", 1);
  await guest.stay("bob");
  const alice = await guest.session("alice");
  checks.equal([alice.seat, alice.vtnr, alice.state], ["seat0", 1, "active"], "a login on tty1 is a session");
  const before = (await guest.sessions()).map(factsOf);

  const keeper = await keeperOf(guest);
  await guest.machine.sh(`kill -KILL ${keeper}`);
  await answered(guest, checks, "a login while a killed keeper is started again is answered");
  checks.that((await keeperOf(guest)) !== keeper, "it was started again");
  await unchanged(guest, checks, before, "and every session is still there");
}

export async function runit(guest: Guest, checks: Checks): Promise<void> {
  await linger(guest);
  await guest.machine.sh("echo runit >/vm/kind; echo unified >/vm/cgroup");
  await guest.reboot("reboot");
  checks.equal(await guest.read("/proc/1/comm"), "runit", "process 1 is runit");
  await checks.comes("sessionctl answers after boot", guest.answers());
  await lingered(guest, checks);
  await underInit(guest, checks, "sv status sessionmand | grep ^run:");
}

/** OpenRC mounts the control groups itself, v1 and v2 beside each other. */
export async function openrc(guest: Guest, checks: Checks): Promise<void> {
  await guest.machine.sh("echo openrc >/vm/kind; echo none >/vm/cgroup");
  await guest.reboot((await guest.read("/proc/1/comm")) === "runit" ? "/lib/runit/runit-init 6" : "reboot");
  await checks.comes("sessionctl answers after boot", guest.answers());
  await underInit(guest, checks, "rc-service sessionmand status");
  checks.equal(
    (await guest.machine.sh("rc-status --runlevel")).trim(),
    "default",
    "the runlevel is OpenRC's",
  );
  const reload = await guest.machine.run("rc-service sessionmand reload");
  checks.that(reload.status === 0, "the service reloads", reload.output);
}
