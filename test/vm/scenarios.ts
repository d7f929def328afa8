/** The scenarios in their order; those that boot the machine again are the last. */

import type { Checks } from "./check.ts";
import type { Guest } from "./guest.ts";
import { boot } from "./scenarios/boot.ts";
import { kills } from "./scenarios/kills.ts";
import { crash, kept, killed } from "./scenarios/leftovers.ts";
import { limits } from "./scenarios/limits.ts";
import { openrc, runit } from "./scenarios/other-init.ts";
import { reboot } from "./scenarios/reboot.ts";
import { services } from "./scenarios/services.ts";
import { ssh } from "./scenarios/ssh.ts";
import { textLogin } from "./scenarios/text-login.ts";

export interface Scenario {
  readonly name: string;
  readonly run: (guest: Guest, checks: Checks) => Promise<void>;
}

export const scenarios: readonly Scenario[] = [
  { name: "boot", run: boot },
  { name: "text login", run: textLogin },
  { name: "ssh", run: ssh },
  { name: "limits", run: limits },
  { name: "user services", run: services },
  { name: "kill -9", run: kills },
  { name: "crash of login", run: crash },
  { name: "processes left", run: kept },
  { name: "kill_user_processes", run: killed },
  { name: "reboot, hybrid", run: reboot },
  { name: "runit", run: runit },
  { name: "openrc", run: openrc },
];
