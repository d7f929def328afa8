/** Where control groups are: the mount of cgroup v2, unified or hybrid, or what the configuration names. */

import type { Addon } from "./addon.ts";
import { decodeMount } from "./mountinfo.ts";

export interface CgroupRoot {
  readonly path: string;
  /** What /proc/PID/cgroup puts before a path below our root. */
  readonly prefix: string;
}

const USUAL = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/** The mount of cgroup v2 that holds the path, or any if it is null. */
function findMount(mountinfo: string, path: string | null): { point: string; root: string } | null {
  let best: { point: string; root: string } | null = null;
  for (const line of mountinfo.split("\n")) {
    const mount = decodeMount(line);
    if (mount === null || mount.type !== "cgroup2") continue;
    const holds = path === null || path === mount.point || path.startsWith(`${mount.point}/`);
    // later lines lie over earlier ones
    if (holds && (best === null || path === null || mount.point.length >= best.point.length)) best = mount;
  }
  return best;
}

export function findCgroupRoot(
  addon: Addon,
  configured: string | null,
  mountinfo: string,
): CgroupRoot | null {
  const wanted = configured ?? USUAL.find((path) => addon.isCgroup2(path)) ?? null;
  const mount = findMount(mountinfo, wanted);
  const path = wanted ?? mount?.point ?? null;
  if (path === null || !addon.isCgroup2(path)) return null;
  if (mount === null) return { path, prefix: "" };
  const prefix = (mount.root === "/" ? "" : mount.root) + path.slice(mount.point.length);
  return { path, prefix };
}
