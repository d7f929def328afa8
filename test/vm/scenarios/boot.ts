/** init has started sessionman from its own service file, and it accepts logins. */

import type { Checks } from "../check.ts";
import type { Guest } from "../guest.ts";

export async function boot(guest: Guest, checks: Checks): Promise<void> {
  await checks.comes("sessionctl answers after boot", guest.answers());
  checks.equal(await guest.sessions(), [], "there is no session before the first login");
  const keepers = (await guest.machine.sh("pidof sessionmand")).split(" ");
  checks.equal(keepers.length, 1, "there is one keeper");
  const status = await guest.machine.run("/etc/init.d/sessionmand status");
  checks.that(status.status === 0, "the service says that it is running", status.output);
}
