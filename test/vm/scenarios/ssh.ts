/** A login over the network is a remote session of no seat. */

import type { Checks } from "../check.ts";
import type { Guest } from "../guest.ts";
import { until } from "../machine.ts";
import { gone } from "./gone.ts";

export async function ssh(guest: Guest, checks: Checks): Promise<void> {
  const session = await guest.stay("alice");
  const { seat, vtnr, remote, remoteHost, type, state } = session;
  checks.equal(
    { seat, vtnr, remote, remoteHost, type, class: session.class, state },
    {
      seat: null,
      vtnr: 0,
      remote: true,
      remoteHost: "10.9.9.9",
      type: "tty",
      class: "user",
      state: "active",
    },
    "a login over ssh is remote and of no seat",
  );
  const { output } = await guest.ssh(
    "alice",
    "env | grep -E ^XDG_\\(SEAT\\|VTNR\\|SESSION_ID\\|RUNTIME_DIR\\)= | sort",
  );
  const second = String(Number(session.id) + 1);
  const environment = ["XDG_RUNTIME_DIR=/run/user/1000", `XDG_SESSION_ID=${second}`];
  checks.equal(output.trim().split("\n"), environment, "a second one has its own id and the same directory");
  const one = async () => (await guest.sessions()).length === 1;
  await checks.comes("and is gone with its command", until("its end", 30, one));
  await guest.machine.sh("pkill -x ssh");
  await gone(guest, checks, session);
}
