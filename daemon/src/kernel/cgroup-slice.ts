/** The slices of users: their names, and whose they are. */

import type { Uid } from "../core/model.ts";
import { parseUid } from "../core/names.ts";
import type { CgroupTree } from "./cgroup-tree.ts";

const SLICE_NAME = /^user-([0-9]{1,10})\.slice$/;

export const sliceOf = (uid: Uid) => `/user.slice/user-${uid}.slice`;

export function usersIn(tree: CgroupTree): Uid[] {
  return tree.names("/user.slice").flatMap((name) => parseUid(SLICE_NAME.exec(name)?.[1] ?? "") ?? []);
}
