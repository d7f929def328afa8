/** Why a user may or may not open a node: by the kernel's rule for access lists, and by who is in the foreground. */

import { describe, expect, it } from "vitest";
import { type Asker, explainDevice } from "../../daemon/src/control/explain-device.ts";
import type { Device } from "../../daemon/src/core/seat-model.ts";
import type { NodeAccess } from "../../daemon/src/kernel/seat-kernel.ts";
import { EMPTY, onVt, session, worldOf } from "../store/sd-login-worlds.ts";

const VIDEO = 44;
const alice: Asker = { uid: 1000, name: "alice", groups: new Set([1000]) };
const inVideo: Asker = { ...alice, groups: new Set([1000, VIDEO]) };
const root: Asker = { uid: 0, name: "root", groups: new Set([0]) };

const card: Device = {
  path: "/sys/devices/pci/drm/card0",
  parent: "",
  subsystem: "drm",
  name: "card0",
  node: "/dev/dri/card0",
  number: { major: 226, minor: 0, block: false },
  seat: "seat0",
  master: true,
  uaccess: true,
  assignable: true,
  idForSeat: "drm-pci",
};

const node = (over: Partial<NodeAccess> = {}): NodeAccess => ({
  uid: 0,
  gid: VIDEO,
  mode: 0o660,
  users: [],
  groups: [],
  ...over,
});

const ask = (access: NodeAccess, asker: Asker, world = EMPTY, device: Device | null = card) =>
  explainDevice(world, { access, device, takeable: false }, asker);

describe("who may open a node", () => {
  const listed = (permissions: number, mode = 0o660) => node({ mode, users: [{ uid: 1000, permissions }] });
  it.each<[string, NodeAccess, Asker, boolean, RegExp]>([
    ["root", node({ mode: 0 }), root, true, /root may open everything/],
    ["the owner", node({ uid: 1000 }), alice, true, /owner of the node \(rw-\)/],
    [
      "an owner without permissions",
      node({ uid: 1000, mode: 0o066 }),
      alice,
      false,
      /owner of the node \(---\)/,
    ],
    ["one with an entry", listed(6), alice, true, /entry for alice \(rw-\)/],
    ["one with an entry to read", listed(4), alice, false, /entry for alice \(r--\)/],
    [
      "one whose entry the mask cuts",
      listed(6, 0o600),
      alice,
      false,
      /the mask of the list cuts down \(---\)/,
    ],
    ["an entry before a group", listed(0), inVideo, false, /entry for alice \(---\)/],
    ["a member of the group", node(), inVideo, true, /alice is in group 44 \(rw-\)/],
    ["a member of a group that may read", node({ mode: 0o646 }), inVideo, false, /in group 44 \(r--\)/],
    [
      "a member of one that may, of two",
      node({
        groups: [
          { gid: VIDEO, permissions: 0 },
          { gid: 1000, permissions: 6 },
        ],
      }),
      inVideo,
      true,
      /in group 1000 \(rw-\)/,
    ],
    [
      "the owning group's own entry, not the mask",
      node({ groups: [{ gid: VIDEO, permissions: 0 }], users: [{ uid: 1, permissions: 6 }] }),
      inVideo,
      false,
      /in group 44 \(---\)/,
    ],
    ["a stranger", node(), alice, false, /only what everybody has \(---\)/],
    ["everybody", node({ mode: 0o666 }), alice, true, /only what everybody has \(rw-\)/],
  ])("%s", (_what, access, asker, mayOpen, because) => {
    const verdict = ask(access, asker);
    expect(verdict.mayOpen).toBe(mayOpen);
    expect(verdict.because[0]).toMatch(because);
    expect(verdict.needed.length > 0).toBe(!mayOpen);
  });
});

describe("what is needed", () => {
  const own = session("3", { ...onVt(2), user: "alice" });
  const other = session("4", { ...onVt(1), uid: 1001, user: "bob" });

  it.each<[string, ReturnType<typeof worldOf>, string[]]>([
    ["without a session on the seat", EMPTY, ["a login of alice on seat0"]],
    ["without one, but with one from elsewhere", worldOf(session("3")), ["a login of alice on seat0"]],
    [
      "with one in the background",
      worldOf(own, other),
      ["session 3 of alice in the foreground: sessionctl activate 3"],
    ],
    [
      "with one in the foreground",
      worldOf({ ...own, vtnr: 1 }),
      ["the entry for alice: the log of sessionmand says why it could not be made"],
    ],
  ])("%s", (_what, world, needed) => {
    expect(ask(node(), alice, world).needed).toEqual([...needed, "alice in group 44"]);
  });

  it("of a device without uaccess is a rule", () => {
    const { because, needed } = ask(node(), alice, EMPTY, { ...card, uaccess: false });
    expect(because[1]).toMatch(/belongs to seat0, but without the tag uaccess/);
    expect(needed).toEqual(["a rule of udev that gives it the tag uaccess", "alice in group 44"]);
  });

  it("of a node that no seat knows is its group", () => {
    const { because, needed } = ask(node(), alice, EMPTY, null);
    expect(because[1]).toMatch(/belongs to no seat/);
    expect(needed).toEqual(["other permissions of the node, by a rule of udev", "alice in group 44"]);
  });

  it("is not that somebody joins root's group", () => {
    expect(ask(node({ gid: 0 }), alice).needed).toEqual(["a login of alice on seat0"]);
  });
});

it("says who is in the foreground, and that compositors need no permission", () => {
  const world = worldOf(session("4", { ...onVt(1), uid: 1001, user: "bob" }));
  const { because } = explainDevice(world, { access: node(), device: card, takeable: true }, alice);
  expect(because.slice(1)).toEqual([
    "it belongs to seat0, and by the tag uaccess to the user in the foreground there",
    "session 4 of bob is in the foreground of seat0",
    "the compositor of a session gets it from sessionmand, whatever its permissions are",
  ]);
});
