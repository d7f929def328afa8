/**
 * Access lists as the kernel keeps them in an attribute of the file, and what granting does to them. Entries of ours
 * are those that let one user read and write; all others are the administrator's.
 */

import type { Uid } from "../core/model.ts";

export interface AccessEntry {
  readonly tag: number;
  readonly permissions: number;
  /** Of a user or a group; NOBODY where the tag names none. */
  readonly id: number;
}

export type AccessList = readonly AccessEntry[];

const OWNER = 0x01;
const USER = 0x02;
const OWNING_GROUP = 0x04;
const GROUP = 0x08;
const MASK = 0x10;
const OTHERS = 0x20;
const TAGS: ReadonlySet<number> = new Set([OWNER, USER, OWNING_GROUP, GROUP, MASK, OTHERS]);
/** Entries that the mask limits. */
const LIMITED: ReadonlySet<number> = new Set([USER, OWNING_GROUP, GROUP]);
const NAMED: ReadonlySet<number> = new Set([USER, GROUP]);
const NOBODY = 0xffffffff;
const READ_WRITE = 6;

const VERSION = 2;
const HEADER = 4;
const ENTRY = 8;

/** null for bytes that are no such list. */
export function decodeAccess(bytes: Uint8Array): AccessList | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER || (bytes.length - HEADER) % ENTRY !== 0) return null;
  if (view.getUint32(0, true) !== VERSION) return null;
  const entries: AccessEntry[] = [];
  for (let at = HEADER; at < bytes.length; at += ENTRY) {
    const tag = view.getUint16(at, true);
    const permissions = view.getUint16(at + 2, true);
    if (!TAGS.has(tag) || permissions > 7) return null;
    entries.push({ tag, permissions, id: view.getUint32(at + 4, true) });
  }
  return entries;
}

export function encodeAccess(list: AccessList): Uint8Array {
  const bytes = new Uint8Array(HEADER + list.length * ENTRY);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VERSION, true);
  for (const [index, { tag, permissions, id }] of list.entries()) {
    const at = HEADER + index * ENTRY;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, permissions, true);
    view.setUint32(at + 4, id, true);
  }
  return bytes;
}

/** What permissions without a list amount to. */
export function accessOfMode(mode: number): AccessList {
  return [
    { tag: OWNER, permissions: (mode >> 6) & 7, id: NOBODY },
    { tag: OWNING_GROUP, permissions: (mode >> 3) & 7, id: NOBODY },
    { tag: OTHERS, permissions: mode & 7, id: NOBODY },
  ];
}

/**
 * The list with an entry to read and write for uid, and none such for the users of remove; the same one if that is so
 * already. Where the administrator gave a user something else that stays, and is what the user has.
 */
export function grantAccess(list: AccessList, uid: Uid | null, remove: readonly Uid[]): AccessList {
  const kept = list.filter(
    ({ tag, permissions, id }) =>
      tag !== USER || permissions !== READ_WRITE || id === uid || !remove.includes(id),
  );
  const has = kept.some(({ tag, id }) => tag === USER && id === uid);
  if (uid !== null && !has) kept.push({ tag: USER, permissions: READ_WRITE, id: uid });
  const changed = kept.length !== list.length || (uid !== null && !has);
  if (!changed && (uid === null || !maskHides(list, uid))) return list;
  return withMask(kept);
}

/** Somebody changed the permissions of the node, which with a list changes its mask. */
function maskHides(list: AccessList, uid: Uid): boolean {
  const mask = list.find(({ tag }) => tag === MASK)?.permissions ?? 7;
  const own = list.find(({ tag, id }) => tag === USER && id === uid)?.permissions ?? 0;
  return own === READ_WRITE && (own & mask) !== own;
}

/** In the order that the kernel wants, with the mask that lets every entry have what it says. */
function withMask(list: AccessList): AccessList {
  const entries = list.filter(({ tag }) => tag !== MASK);
  if (entries.some(({ tag }) => NAMED.has(tag))) {
    const permissions = entries.reduce(
      (sum, entry) => (LIMITED.has(entry.tag) ? sum | entry.permissions : sum),
      0,
    );
    entries.push({ tag: MASK, permissions, id: NOBODY });
  }
  return entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
}

/** Entries for users by their numbers. */
export function userEntries(list: AccessList): readonly AccessEntry[] {
  return list.filter(({ tag }) => tag === USER);
}

/** Entries for groups; the owning one's under its number, if the list has more than permissions say. */
export function groupEntries(list: AccessList, owning: number): readonly AccessEntry[] {
  if (!list.some(({ tag }) => tag === MASK)) return [];
  return list.flatMap((entry) =>
    entry.tag === GROUP ? [entry] : entry.tag === OWNING_GROUP ? [{ ...entry, id: owning }] : [],
  );
}
