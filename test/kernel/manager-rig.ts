/** One user's service manager on a native kernel, with a keeper and sessionman-runs that the test plays. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { ManagerNews } from "../../daemon/src/core/model.ts";
import { CGROUP, endChildren, makeRig, type Rig, until } from "./rig.ts";
import { FakeKeeper, type FakeRunner } from "./runner.ts";

export const UID = 66_000;
export const GID = 66_100;
export const SLICE = `${CGROUP}/user.slice/user-${UID}.slice`;
export const SERVICE = `${SLICE}/user@${UID}.service`;
export const HOLDER = `${SLICE}/sessionman-run@${UID}.service`;
export const ORDER = { uid: UID, gid: GID, user: "alice", backend: "/usr/lib/sessionman/backends/none" };

/** To be put before any command. */
export const AS_USER = ["setpriv", "--reuid", `${UID}`, "--regid", `${GID}`, "--clear-groups"] as const;

export class ManagerRig {
  readonly keeper = new FakeKeeper();
  readonly rig: Rig = makeRig({ channel: this.keeper.channel });
  news: ManagerNews[] = [];
  cleaned = 0;

  constructor() {
    this.rig.kernel.createSlice(UID, {});
  }

  readonly told = (each: ManagerNews): void => void this.news.push(each);

  clean(): void {
    this.rig.kernel.cleanManager(UID, () => {
      this.cleaned += 1;
    });
  }

  /** Starts one: its sessionman-run. */
  async runner(): Promise<FakeRunner> {
    this.rig.kernel.startManager(ORDER, this.told);
    const known = this.keeper.runners.length;
    await until("a sessionman-run", () => this.keeper.runners.length > known);
    const started = this.keeper.runners.at(-1) as FakeRunner;
    await started.begin();
    return started;
  }

  /** Throws if anything is left. */
  async end(): Promise<void> {
    this.keeper.asleep = false;
    this.rig.kernel.killManager(UID);
    const before = this.cleaned;
    this.clean();
    await until("the end", () => this.cleaned > before, 10_000);
    this.rig.kernel.removeSlice(UID);
    this.keeper.end();
    this.rig.kernel.close();
    endChildren();
    if (existsSync(SLICE)) throw new Error(`${SLICE} is left`);
  }
}

/** What the script says when the user runs it. */
export function asUser(script: string): string {
  const [program, ...given] = [...AS_USER, "sh", "-c", script];
  return execFileSync(program, given, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
