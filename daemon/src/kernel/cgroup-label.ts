/**
 * Where cgroup v2 is mounted beside v1, libelogind looks for a session in a hierarchy of v1 that has no controllers.
 * It is mounted where it is missing; a session has a group there that says which it is and does nothing else.
 */

import { existsSync, readdirSync } from "node:fs";
import { isSessionId } from "../core/names.ts";
import type { Base } from "./base.ts";
import type { CgroupLayout } from "./cgroup-layout.ts";
import type { CgroupRoot } from "./cgroup-root.ts";
import { KernelError } from "./kernel.ts";

const TOP = "/sys/fs/cgroup";
const NAME = "elogind";
const HIERARCHY = `${TOP}/${NAME}`;

export function isHybrid({ addon }: Base, root: CgroupRoot): boolean {
  return root.path.startsWith(`${TOP}/`) && !addon.isCgroup2(TOP);
}

export function layoutWithLabels(base: Base, inner: CgroupLayout): CgroupLayout {
  const { addon } = base;
  if (!attempt(base, () => prepare(base))) return inner;
  return {
    ...inner,
    made(id, _uid, { pid, start, inode }) {
      attempt(base, () => void addon.enterGroup(`${HIERARCHY}/${id}`, pid, start, inode));
    },
    removed: (id) => void attempt(base, () => void addon.removeDirectory(`${HIERARCHY}/${id}`)),
  };
}

function prepare({ addon }: Base): void {
  addon.makeDirectory(HIERARCHY, 0o755);
  if (!existsSync(`${HIERARCHY}/cgroup.procs`)) addon.mountHierarchy(HIERARCHY, NAME);
  // what the keeper starts for a user is in no session, even where the keeper was started from within one
  for (const pid of [process.ppid, process.pid]) addon.write(`${HIERARCHY}/cgroup.procs`, String(pid));
  // those of sessions that ended meanwhile; one that still has a process cannot be removed
  for (const name of readdirSync(HIERARCHY))
    if (isSessionId(name)) addon.removeDirectory(`${HIERARCHY}/${name}`);
}

/** A session is one without it. */
function attempt({ lacks }: Base, action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    const why = error instanceof KernelError ? error.errno : (error as NodeJS.ErrnoException).code;
    lacks(`programs with libelogind do not find the session of a process: ${HIERARCHY}: ${why}`);
    return false;
  }
}
