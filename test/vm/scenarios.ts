/** The scenarios in their order; those that boot the machine again are the last. */

import type { Checks } from "./check.ts";
import type { Desk } from "./desk.ts";
import type { Guest } from "./guest.ts";
import { boot } from "./scenarios/boot.ts";
import { access } from "./scenarios/display/access.ts";
import { hotplug } from "./scenarios/display/hotplug.ts";
import { killDaemon, killElogind, killKeeper, killLogin } from "./scenarios/display/kills.ts";
import { polkit } from "./scenarios/display/polkit.ts";
import { switches } from "./scenarios/display/switches.ts";
import { two } from "./scenarios/display/two.ts";
import { weston } from "./scenarios/display/weston.ts";
import { compositor } from "./scenarios/display/wlroots.ts";
import { xorg } from "./scenarios/display/xorg.ts";
import { gettys } from "./scenarios/gettys.ts";
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
  { name: "gettys", run: gettys },
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

export interface DisplayScenario {
  readonly name: string;
  readonly run: (desk: Desk, checks: Checks) => Promise<void>;
  /** Why elogind cannot be asked for it. */
  readonly ours?: string;
  /** Only elogind is asked for it: what it does otherwise, as the checks see it. */
  readonly theirs?: true;
  /** Runs with elogind every time: what holds there too is no fault of the machine. */
  readonly proof?: true;
  /** Only runs when it is asked for by its name. */
  readonly named?: true;
}

/**
 * By their sources: elogind's devices come back to it only from systemd as its service manager (manager_attach_fds in
 * logind.c), and elogind and seatd are one process each. "kill -9 of elogind" shows what then happens.
 */
const LOSES = "elogind's devices are lost with its daemon: only systemd would give them back to it";
const ALONE = "elogind has no second process that holds its devices";
const SEATD = "Debian's seatd has no second process that holds its devices";

export const displayScenarios: readonly DisplayScenario[] = [
  { name: "access", run: access, proof: true },
  { name: "weston", run: weston, proof: true },
  { name: "sway over login1", run: compositor("sway", "logind"), proof: true },
  { name: "sway over seatd", run: compositor("sway", "seatd") },
  { name: "cage over login1", run: compositor("cage", "logind") },
  { name: "cage over seatd", run: compositor("cage", "seatd") },
  { name: "Xorg", run: xorg, proof: true },
  { name: "two display servers", run: two },
  { name: "hotplug", run: hotplug },
  { name: "polkit", run: polkit, proof: true },
  { name: "kill -9 of login under weston", run: killLogin, proof: true },
  { name: "kill -9 of the daemon under sway", run: killDaemon("logind"), ours: LOSES },
  { name: "kill -9 of the daemon under sway over seatd", run: killDaemon("seatd"), ours: SEATD },
  { name: "kill -9 of the keeper under weston and sway", run: killKeeper, ours: ALONE },
  { name: "kill -9 of elogind under sway", run: killElogind, theirs: true, proof: true },
  { name: "200 switches", run: switches(200) },
  { name: "1000 switches", run: switches(1000), named: true },
];
