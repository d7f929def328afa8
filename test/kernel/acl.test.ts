/** Access lists as bytes, and what granting does to whatever list an administrator has made. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AccessEntry,
  type AccessList,
  accessOfMode,
  decodeAccess,
  encodeAccess,
  grantAccess,
  groupEntries,
  userEntries,
} from "../../daemon/src/kernel/acl.ts";

const NOBODY = 0xffffffff;
const [OWNER, USER, OWNING_GROUP, GROUP, MASK, OTHERS] = [1, 2, 4, 8, 16, 32];
const READ_WRITE = 6;

const permissions = fc.integer({ min: 0, max: 7 });
const uid = fc.integer({ min: 0, max: 6 });
const named = (tag: number) =>
  fc.uniqueArray(fc.record({ tag: fc.constant(tag), permissions, id: uid }), {
    selector: ({ id }) => id,
    maxLength: 6,
  });

/** In the kernel's order; with a mask where one is needed. */
const lists = fc
  .record({
    mode: fc.integer({ min: 0, max: 0o777 }),
    users: named(USER),
    groups: named(GROUP),
    mask: permissions,
  })
  .map(({ mode, users, groups, mask }): AccessList => {
    const limit = { tag: MASK, permissions: mask, id: NOBODY };
    const entries = [...accessOfMode(mode), ...users, ...groups];
    if (users.length + groups.length > 0) entries.push(limit);
    return entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  });

/** What the kernel makes of it for a user who neither owns the node nor is in any of its groups. */
function allowed(list: AccessList, id: number): number {
  const own = list.find((entry) => entry.tag === USER && entry.id === id);
  const mask = list.find(({ tag }) => tag === MASK)?.permissions ?? 7;
  return own === undefined
    ? (list.find(({ tag }) => tag === OTHERS)?.permissions ?? 0)
    : own.permissions & mask;
}

const ours = ({ tag, permissions: given }: AccessEntry) => tag === USER && given === READ_WRITE;
const theirs = (list: AccessList) => list.filter((entry) => !ours(entry) && entry.tag !== MASK);

describe("an access list", () => {
  it("reads back as it was written", () => {
    fc.assert(
      fc.property(lists, (list) => {
        expect(decodeAccess(encodeAccess(list))).toEqual(list);
      }),
    );
  });

  it("is none where the bytes are not one", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const list = decodeAccess(bytes);
        if (list !== null) expect(Buffer.from(encodeAccess(list))).toEqual(Buffer.from(bytes));
      }),
    );
    const whole = encodeAccess(accessOfMode(0o640));
    for (const bytes of [whole.subarray(1), whole.subarray(0, 11), new Uint8Array(0), new Uint8Array(4)])
      expect(decodeAccess(bytes)).toBeNull();
  });

  it("lets the one user in, and of the others who were let in nobody", () => {
    fc.assert(
      fc.property(lists, uid, fc.uniqueArray(uid), (list, id, remove) => {
        const granted = grantAccess(list, id, remove);
        const entry = granted.find((each) => each.tag === USER && each.id === id);
        if (entry?.permissions === READ_WRITE) expect(allowed(granted, id)).toBe(READ_WRITE);
        else expect(list).toContainEqual(entry);
        for (const other of remove)
          if (other !== id) expect(granted.filter(ours).map((each) => each.id)).not.toContain(other);
      }),
    );
  });

  it("keeps every entry that is not ours, and those of users who were not to go", () => {
    fc.assert(
      fc.property(lists, fc.option(uid), fc.uniqueArray(uid), (list, id, remove) => {
        const granted = grantAccess(list, id, remove);
        expect(theirs(granted)).toEqual(theirs(list));
        for (const entry of list.filter(ours))
          if (!remove.includes(entry.id)) expect(granted).toContainEqual(entry);
      }),
    );
  });

  it("is in the kernel's order, and has a mask exactly where it needs one", () => {
    fc.assert(
      fc.property(lists, fc.option(uid), fc.uniqueArray(uid), (list, id, remove) => {
        const granted = grantAccess(list, id, remove);
        expect(granted).toEqual([...granted].sort((a, b) => a.tag - b.tag || a.id - b.id));
        const needed = granted.some(({ tag }) => tag === USER || tag === GROUP);
        expect(granted.filter(({ tag }) => tag === MASK)).toHaveLength(needed ? 1 : 0);
      }),
    );
  });

  it("stays the very same where nothing is to change", () => {
    fc.assert(
      fc.property(lists, fc.option(uid), fc.uniqueArray(uid), (list, id, remove) => {
        const once = grantAccess(list, id, remove);
        expect(grantAccess(once, id, remove)).toBe(once);
      }),
    );
  });

  it("is gone with the last entry that was ours", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0o777 }), uid, (mode, id) => {
        const before = accessOfMode(mode);
        const granted = grantAccess(before, id, []);
        expect(grantAccess(granted, null, [id])).toEqual(before);
        expect(userEntries(granted)).toHaveLength(1);
        expect(groupEntries(granted, 44)).toEqual([
          { tag: OWNING_GROUP, permissions: (mode >> 3) & 7, id: 44 },
        ]);
        expect(groupEntries(before, 44)).toEqual([]);
        expect(granted.find(({ tag }) => tag === OWNER)).toEqual(before[0]);
      }),
    );
  });
});
