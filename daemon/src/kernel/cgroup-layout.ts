/**
 * Which control group a session has. libsystemd reads the scope in the slice of the user. libelogind takes the first
 * part of a path for the session: where cgroup v2 is all there is, a session of its programs has its group at the top,
 * in no slice; where v2 is mounted beside v1 (hybrid) it has a group of v1 besides its scope.
 */

import { chownSync, statSync } from "node:fs";
import type { ProcessIdentity, SessionId, Uid } from "../core/model.ts";
import { isSessionId, parseUid } from "../core/names.ts";
import type { CgroupRoot } from "./cgroup-root.ts";
import { sliceOf, usersIn } from "./cgroup-slice.ts";
import type { CgroupTree } from "./cgroup-tree.ts";
import type { ProcessLine } from "./kernel.ts";

/** All paths begin below the root. */
export interface CgroupLayout {
  scopeOf(id: SessionId, uid: Uid): string;
  /** The session in whose scope, or below, that group is. */
  sessionOf(group: string): SessionId | null;
  scopes(): { readonly id: SessionId; readonly uid: Uid }[];
  /** Processes in those scopes of the user that are not in the slice. */
  outsideSlice(uid: Uid): ProcessLine[];
  /** The scope has just been made, and the leader is in it. */
  made(id: SessionId, uid: Uid, leader: ProcessIdentity): void;
  removed(id: SessionId): void;
}

const SCOPE = /^\/user\.slice\/user-([0-9]{1,10})\.slice\/session-([1-9][0-9]{0,9})\.scope(?:\/.*)?$/;
const SCOPE_NAME = /^session-([1-9][0-9]{0,9})\.scope$/;

export const scopeInSlice = (id: SessionId, uid: Uid) => `${sliceOf(uid)}/session-${id}.scope`;

export function layoutInSlices(tree: CgroupTree): CgroupLayout {
  return {
    scopeOf: scopeInSlice,
    sessionOf(group) {
      const match = SCOPE.exec(group);
      return match !== null && parseUid(match[1] ?? "") !== null ? (match[2] ?? null) : null;
    },
    scopes: () =>
      usersIn(tree).flatMap((uid) =>
        tree
          .names(sliceOf(uid))
          .flatMap((name) => SCOPE_NAME.exec(name)?.[1] ?? [])
          .map((id) => ({ id, uid })),
      ),
    outsideSlice: () => [],
    made() {},
    removed() {},
  };
}

/** The group of files that the directory belongs to says whose session it is: it allows nothing, and outlives us. */
export function layoutAtTop(tree: CgroupTree, root: CgroupRoot): CgroupLayout {
  const scopes = () =>
    tree
      .names("")
      .filter(isSessionId)
      .map((id) => ({ id, uid: ownerOf(`${root.path}/${id}`) }));
  return {
    scopeOf: (id) => `/${id}`,
    sessionOf(group) {
      const id = group.split("/", 2)[1] ?? "";
      return isSessionId(id) ? id : null;
    },
    scopes,
    outsideSlice: (uid) =>
      scopes()
        .filter((scope) => scope.uid === uid)
        .flatMap(({ id }) => tree.lines(`/${id}`).map((line) => ({ ...line, cgroup: below(id, line) }))),
    made: (id, uid) => chownSync(`${root.path}/${id}`, 0, uid),
    removed() {},
  };
}

const below = (id: SessionId, { cgroup }: ProcessLine) => (cgroup === "" ? `/${id}` : `/${id}/${cgroup}`);

function ownerOf(directory: string): Uid {
  return statSync(directory, { throwIfNoEntry: false })?.gid ?? 0;
}
