/**
 * The control groups of a user's service manager: user@UID.service belongs to the user, who may divide it further, and
 * sessionman-run@UID.service beside it to root, for the process that holds the user's PAM session.
 */

import { readFileSync } from "node:fs";
import type { Uid } from "../core/model.ts";
import type { Base } from "./base.ts";
import type { CgroupRoot } from "./cgroup-root.ts";
import { sliceOf, usersIn } from "./cgroup-slice.ts";
import { type CgroupTree, errnoOf } from "./cgroup-tree.ts";
import type { GroupWatch } from "./cgroup-watch.ts";
import { KernelError } from "./kernel.ts";

/** service: the manager and all it starts; holder: sessionman-run. */
export type ManagerGroup = "service" | "holder";

export interface ManagerGroups {
  /** Makes both; their directories. */
  make(uid: Uid, gid: number): Readonly<Record<ManagerGroup, string>>;
  /** Signals every process of the service. */
  signal(uid: Uid, signal: number): void;
  /** Kills every process in it. */
  kill(uid: Uid, group: ManagerGroup): void;
  /** emptied is called once, also for a group that does not exist; never before this returns. */
  watch(uid: Uid, group: ManagerGroup, emptied: () => void): void;
  unwatch(uid: Uid): void;
  /** A bounded part of the work: -1 when the group is gone, or how many groups below it went. */
  remove(uid: Uid, group: ManagerGroup): number;
  /** Users who have one of these groups. */
  users(): Uid[];
  /** Below the root. */
  path(uid: Uid): string;
}

const DELEGATE = "/sys/kernel/cgroup/delegate";
/** What kernels delegate that do not say so themselves (before 4.15). */
const ALWAYS = ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"];
/** How a user may divide the group: what lies in it must be found and removed again. */
const BOUNDS = { "cgroup.max.depth": "64", "cgroup.max.descendants": "16384" };
/** Groups removed in one turn of the loop. */
const REMOVED_AT_ONCE = 128;

export function createManagerGroups(
  base: Base,
  root: CgroupRoot,
  tree: CgroupTree,
  watch: GroupWatch,
): ManagerGroups {
  const { addon } = base;
  const files = delegatedFiles();
  const names = (uid: Uid) => ({ service: `user@${uid}.service`, holder: `sessionman-run@${uid}.service` });
  const pathOf = (uid: Uid, group: ManagerGroup) => `${sliceOf(uid)}/${names(uid)[group]}`;
  const directoryOf = (uid: Uid, group: ManagerGroup) => root.path + pathOf(uid, group);

  return {
    make(uid, gid) {
      const service = directoryOf(uid, "service");
      const holder = directoryOf(uid, "holder");
      // what an earlier one left, if anything did, is the user's to have changed
      if (!addon.makeDirectory(service, 0o755) && addon.removeGroups(service, REMOVED_AT_ONCE) !== -1)
        throw new KernelError("mkdir", "EBUSY", service);
      addon.makeDirectory(service, 0o755);
      bound(base, service);
      addon.giveGroup(`${service}/init.scope`, uid, gid, files);
      addon.giveGroup(service, uid, gid, files);
      addon.makeDirectory(holder, 0o755);
      return { service, holder };
    },
    signal: (uid, signal) => void tree.signal(pathOf(uid, "service"), signal, 0),
    kill: (uid, group) => tree.kill(pathOf(uid, group)),
    watch: (uid, group, emptied) => watch.add(pathOf(uid, group), directoryOf(uid, group), emptied),
    unwatch(uid) {
      for (const group of ["service", "holder"] as const) watch.remove(pathOf(uid, group));
    },
    remove: (uid, group) => addon.removeGroups(directoryOf(uid, group), REMOVED_AT_ONCE),
    users: () =>
      usersIn(tree).filter((uid) => {
        const { service, holder } = names(uid);
        return tree.names(sliceOf(uid)).some((name) => name === service || name === holder);
      }),
    path: (uid) => pathOf(uid, "service"),
  };
}

function delegatedFiles(): readonly string[] {
  try {
    const said = readFileSync(DELEGATE, "utf8").split("\n");
    return said.filter((name) => /^[a-z0-9_.]+$/.test(name));
  } catch {
    return ALWAYS;
  }
}

function bound({ addon, lacks }: Base, directory: string): void {
  for (const [file, value] of Object.entries(BOUNDS))
    try {
      addon.write(`${directory}/${file}`, value);
    } catch (error) {
      lacks(`cannot bound the control groups of users' services: ${file}: ${errnoOf(error)}`);
    }
}
