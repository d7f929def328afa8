/** Slices of users and scopes of sessions below our root of cgroup v2. */

import type { Limits } from "../core/configuration.ts";
import type { SessionId, Uid } from "../core/model.ts";
import { parseUid } from "../core/names.ts";
import { ENTERED, GONE_MEANWHILE } from "./addon.ts";
import type { Base } from "./base.ts";
import { isHybrid, layoutWithLabels } from "./cgroup-label.ts";
import { type CgroupLayout, layoutAtTop, layoutInSlices, scopeInSlice } from "./cgroup-layout.ts";
import { enableControllers, offeredControllers, writeLimits } from "./cgroup-limits.ts";
import { createManagerGroups, type ManagerGroups } from "./cgroup-manager.ts";
import type { CgroupRoot } from "./cgroup-root.ts";
import { sliceOf } from "./cgroup-slice.ts";
import { CgroupTree, MOST_PROCESSES } from "./cgroup-tree.ts";
import { createGroupWatch } from "./cgroup-watch.ts";
import { KernelError, type Paths } from "./kernel.ts";
import type { GroupPart } from "./parts.ts";

export interface Cgroups extends GroupPart {
  /** The session of a line of /proc/PID/cgroup. */
  sessionOf(cgroup: string): SessionId | null;
  /** The user whose slice such a line is in. */
  ownerOf(cgroup: string): Uid | null;
  /** Of the users' service managers; null without cgroup v2. */
  readonly managerGroups: ManagerGroups | null;
  shut(): void;
}

const LIMITS_OF_SERVICES =
  "cgroup.layout is elogind: limits of users hold for their services, not for their sessions";
const SLICE = /^\/user\.slice\/user-([0-9]{1,10})\.slice(?:\/.*)?$/;

export function createCgroups(base: Base, root: CgroupRoot | null, layout: Paths["cgroupLayout"]): Cgroups {
  return root === null ? withoutCgroups(base) : withCgroups(base, root, layout);
}

function withoutCgroups(base: Base): Cgroups {
  const watch = createGroupWatch(base);
  const refuse = (path: string) => {
    throw new KernelError("mkdir", "ENOSYS", path);
  };
  base.lacks("no cgroup v2: sessions have no scope, users no limits, and no process is ended at logout");
  return {
    createSlice: (uid) => refuse(sliceOf(uid)),
    limitSlice: (uid) => refuse(sliceOf(uid)),
    removeSlice() {},
    enterScope: (id, uid) => refuse(scopeInSlice(id, uid)),
    watchScope: (id, uid, emptied) => watch.add(scopeInSlice(id, uid), null, emptied),
    signalScope() {},
    killScope() {},
    removeScope: (id, uid) => watch.remove(scopeInSlice(id, uid)),
    scopes: () => [],
    scopePath: () => null,
    slicePath: () => null,
    scopeProcesses: () => [],
    sliceProcesses: () => [],
    sessionOf: () => null,
    ownerOf: () => null,
    managerGroups: null,
    shut: () => watch.shut(),
  };
}

function withCgroups(base: Base, root: CgroupRoot, wanted: Paths["cgroupLayout"]): Cgroups {
  const { addon } = base;
  const watch = createGroupWatch(base);
  const tree = new CgroupTree(addon, root);
  const layout = layoutOf(base, root, tree, wanted);
  const { scopeOf, scopes } = layout;
  const controllers = offeredControllers(base, root.path);
  addon.makeDirectory(`${root.path}/user.slice`, 0o755);
  enableControllers(base, root.path, controllers);
  enableControllers(base, `${root.path}/user.slice`, controllers);

  return {
    createSlice(uid, limits) {
      const slice = root.path + sliceOf(uid);
      const fresh = addon.makeDirectory(slice, 0o755);
      if (fresh) enableControllers(base, slice, controllers);
      writeLimits(base, slice, limits, fresh);
    },
    limitSlice: (uid, limits) => writeLimits(base, root.path + sliceOf(uid), limits, false),
    removeSlice: (uid) => void addon.removeDirectory(root.path + sliceOf(uid)),
    enterScope(id, uid, leader, limits) {
      const { pid, start, inode } = leader;
      const scope = scopeOf(id, uid);
      limitScope(base, root.path + scope, limits);
      const entered = addon.enterGroup(root.path + scope, pid, start, inode);
      if (entered === ENTERED) return layout.made(id, uid, leader);
      if (entered === GONE_MEANWHILE) moveBack(base, root, tree, scope, pid);
      addon.removeDirectory(root.path + scope);
      throw new KernelError("pidfd_open", "ESRCH", `process ${pid}`);
    },
    watchScope: (id, uid, emptied) => watch.add(scopeOf(id, uid), root.path + scopeOf(id, uid), emptied),
    signalScope: (id, uid, signal, except) => void tree.signal(scopeOf(id, uid), signal, except),
    killScope: (id, uid) => tree.kill(scopeOf(id, uid)),
    removeScope(id, uid) {
      watch.remove(scopeOf(id, uid));
      if (!tree.remove(scopeOf(id, uid))) throw new KernelError("rmdir", "EBUSY", scopeOf(id, uid));
      layout.removed(id);
    },
    scopes,
    scopePath: scopeOf,
    slicePath: sliceOf,
    scopeProcesses: (id, uid) => tree.lines(scopeOf(id, uid)),
    sliceProcesses: (uid) =>
      [...layout.outsideSlice(uid), ...tree.lines(sliceOf(uid))].slice(0, MOST_PROCESSES),
    sessionOf: (cgroup) =>
      cgroup.startsWith(root.prefix) ? layout.sessionOf(cgroup.slice(root.prefix.length)) : null,
    ownerOf(cgroup) {
      const match = cgroup.startsWith(root.prefix) ? SLICE.exec(cgroup.slice(root.prefix.length)) : null;
      return parseUid(match?.[1] ?? "");
    },
    managerGroups: createManagerGroups(base, root, tree, watch),
    shut: () => watch.shut(),
  };
}

function layoutOf(
  base: Base,
  root: CgroupRoot,
  tree: CgroupTree,
  wanted: Paths["cgroupLayout"],
): CgroupLayout {
  const inSlices = layoutInSlices(tree);
  if (wanted === "systemd") return inSlices;
  if (isHybrid(base, root)) return layoutWithLabels(base, inSlices);
  base.lacks(LIMITS_OF_SERVICES);
  return layoutAtTop(tree, root);
}

/** Before any process is in it; a scope that is there already has them from when it was made. */
function limitScope(base: Base, scope: string, limits: Limits): void {
  if (Object.keys(limits).length > 0 && base.addon.makeDirectory(scope, 0o755))
    writeLimits(base, scope, limits, true);
}

/** Another process had the pid when it was moved: back to where it came from, its parent's group. */
function moveBack({ addon }: Base, root: CgroupRoot, tree: CgroupTree, scope: string, pid: number): void {
  if (!tree.pids(scope).includes(pid)) return;
  const parent = addon.identify(addon.identify(pid).parent);
  addon.write(`${root.path}${parent.cgroup.slice(root.prefix.length)}/cgroup.procs`, String(pid));
}
