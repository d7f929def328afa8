/** Access lists on real device nodes: what is granted, what stays, and that nothing but the very node is touched. */

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Device } from "../../daemon/src/core/seat-model.ts";
import { makeRig, openFds, type Rig, unable } from "./rig.ts";

/** The numbers of /dev/null: whoever may open the node can read and write there. */
const NULL = { major: 1, minor: 3, block: false };
const ALICE = 61_234;
const BOB = 61_235;
const GUEST = 61_236;

function deviceAt(node: string): Device {
  return {
    path: "/sys/devices/virtual/mem/null",
    parent: "",
    subsystem: "mem",
    name: "null",
    node,
    number: NULL,
    seat: "seat0",
    master: false,
    uaccess: true,
    assignable: false,
    idForSeat: "",
  };
}

/** What the kernel itself says: whether that user can open it for reading and writing. */
function canOpen(node: string, uid: number, gid = uid): boolean {
  try {
    const script = `exec 3<>"${node}"`;
    execFileSync("setpriv", [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "sh", "-c", script], {
      stdio: "ignore",
    });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(unable)(`access to device nodes ${unable || ""}`, () => {
  let rig: Rig;
  let directory = "";
  let node = "";
  let device: Device;

  beforeEach(() => {
    rig = makeRig();
    directory = `${rig.directory}/dev`;
    mkdirSync(directory, { mode: 0o755 });
    node = `${directory}/node`;
    execFileSync("mknod", ["-m", "0600", node, "c", "1", "3"]);
    device = deviceAt(node);
  });
  afterEach(() => rig.kernel.close());

  const users = () => rig.kernel.readAccess(node)?.users;

  it("goes from one user to the next, and back to nobody without a trace", () => {
    expect(canOpen(node, ALICE)).toBe(false);
    expect(rig.kernel.setAccess([device], ALICE, [])).toEqual([]);
    expect([canOpen(node, ALICE), canOpen(node, BOB)]).toEqual([true, false]);
    expect(rig.kernel.setAccess([device], BOB, [ALICE])).toEqual([]);
    expect([canOpen(node, ALICE), canOpen(node, BOB)]).toEqual([false, true]);
    expect(users()).toEqual([{ uid: BOB, permissions: 6 }]);
    expect(rig.kernel.setAccess([device], null, [ALICE, BOB])).toEqual([]);
    expect([canOpen(node, ALICE), canOpen(node, BOB)]).toEqual([false, false]);
    expect(rig.kernel.readAccess(node)).toEqual({ uid: 0, gid: 0, mode: 0o600, users: [], groups: [] });
  });

  it("does not open the node to its group, whose permissions only look as if", () => {
    rig.kernel.setAccess([device], ALICE, []);
    expect(statSync(node).mode & 0o777).toBe(0o660);
    expect(canOpen(node, BOB, 0)).toBe(false);
    expect(rig.kernel.readAccess(node)?.groups).toEqual([{ gid: 0, permissions: 0 }]);
  });

  it("writes nothing where nothing is to change", () => {
    rig.kernel.setAccess([device], ALICE, []);
    const changed = statSync(node).ctimeMs;
    expect(rig.kernel.setAccess([device], ALICE, [BOB])).toEqual([]);
    expect(statSync(node).ctimeMs).toBe(changed);
  });

  it("is given again to whom a change of the permissions took it", () => {
    rig.kernel.setAccess([device], ALICE, []);
    chmodSync(node, 0o600);
    expect(canOpen(node, ALICE)).toBe(false);
    expect(rig.kernel.setAccess([device], ALICE, [])).toEqual([]);
    expect(canOpen(node, ALICE)).toBe(true);
  });

  it("leaves the administrator's entries as they are", () => {
    const list =
      "02000000" +
      [
        "0100 0600 ffffffff",
        `0200 0400 ${little(ALICE)}`,
        `0200 0600 ${little(GUEST)}`,
        "0400 0600 ffffffff",
        `0800 0400 ${little(7)}`,
        "1000 0600 ffffffff",
        "2000 0000 ffffffff",
      ]
        .join("")
        .replaceAll(" ", "");
    setAttribute(node, list);
    rig.kernel.setAccess([device], BOB, [ALICE]);
    rig.kernel.setAccess([device], null, [ALICE, BOB]);
    expect(users()).toEqual([
      { uid: ALICE, permissions: 4 },
      { uid: GUEST, permissions: 6 },
    ]);
    expect(rig.kernel.readAccess(node)?.groups).toEqual([
      { gid: 0, permissions: 6 },
      { gid: 7, permissions: 4 },
    ]);
    expect(getAttribute(node)).toBe(list);
    rig.kernel.setAccess([device], ALICE, []);
    expect(getAttribute(node)).toBe(list);
  });

  it("never follows a link that took the node's place", () => {
    const target = `${directory}/target`;
    execFileSync("mknod", ["-m", "0600", target, "c", "1", "3"]);
    rmSync(node);
    symlinkSync(target, node);
    expect(rig.kernel.setAccess([device], ALICE, [])).toEqual([
      `${node}: is not the device that it should be`,
    ]);
    expect(canOpen(target, ALICE)).toBe(false);
  });

  it.each([
    ["another device", () => execFileSync("mknod", [node, "c", "1", "5"])],
    ["a block device with the same numbers", () => execFileSync("mknod", [node, "b", "1", "3"])],
    ["a plain file", () => writeFileSync(node, "")],
    ["a directory", () => mkdirSync(node)],
  ])("is not given to %s in the node's place", (_what, place) => {
    rmSync(node);
    place();
    expect(rig.kernel.setAccess([device], ALICE, [])).toEqual([
      `${node}: is not the device that it should be`,
    ]);
    expect(users() ?? []).toEqual([]);
  });

  it.each(["/dev", "/dev/fd", "/etc/passwd", "/no/such"])("is not told of %s", (path) => {
    expect(rig.kernel.readAccess(path)).toBeNull();
  });

  it("passes over nodes that are gone, and goes on with the others", () => {
    const gone = deviceAt(`${directory}/gone`);
    const none = { ...deviceAt(""), number: null };
    const broken = deviceAt(`${node}/below`);
    expect(rig.kernel.setAccess([gone, none, broken, device], ALICE, [])).toEqual([]);
    expect(users()).toEqual([{ uid: ALICE, permissions: 6 }]);
    expect(rig.kernel.readAccess(gone.node)).toBeNull();
  });

  it("does with many what it does with one, also when it has done so before", () => {
    const modes = ["0600", "0660", "0600", "0620", "0600"];
    const nodes = modes.map((mode, i) => {
      execFileSync("mknod", ["-m", mode, `${directory}/${i}`, "c", "1", "3"]);
      return `${directory}/${i}`;
    });
    const devices = nodes.map(deviceAt);
    const seen = () => nodes.map((each) => rig.kernel.readAccess(each)?.users.map(({ uid }) => uid));
    for (let i = 0; i < 3; i += 1) {
      expect(rig.kernel.setAccess(devices, ALICE, [BOB])).toEqual([]);
      expect(seen()).toEqual(nodes.map(() => [ALICE]));
      expect(rig.kernel.setAccess(devices, BOB, [ALICE])).toEqual([]);
      expect(seen()).toEqual(nodes.map(() => [BOB]));
    }
    const [other = "", link = "", gone = "", changed = ""] = nodes;
    for (const each of [other, link, gone]) rmSync(each);
    execFileSync("mknod", ["-m", "0600", other, "c", "1", "5"]);
    symlinkSync(node, link);
    chmodSync(changed, 0o600);
    expect(rig.kernel.setAccess(devices, ALICE, [BOB])).toEqual(
      [other, link].map((each) => `${each}: is not the device that it should be`),
    );
    expect(seen()).toEqual([[], null, undefined, [ALICE], [ALICE]].map((each) => each ?? undefined));
    expect([node, other, changed].map((each) => canOpen(each, ALICE))).toEqual([false, false, true]);
    expect(rig.kernel.setAccess(devices, null, [ALICE, BOB])).toHaveLength(2);
    expect(modes.slice(3)).toEqual(
      nodes.slice(3).map((each) => `0${(statSync(each).mode & 0o777).toString(8)}`),
    );
  });

  it("says once where a file system has no access lists", () => {
    execFileSync("mount", ["-t", "ramfs", "none", directory]);
    const nodes = [`${directory}/one`, `${directory}/two`];
    for (const each of nodes) execFileSync("mknod", ["-m", "0640", each, "c", "1", "3"]);
    const before = rig.kernel.degraded().length;
    expect(rig.kernel.setAccess(nodes.map(deviceAt), ALICE, [BOB])).toEqual([]);
    expect(rig.kernel.setAccess(nodes.map(deviceAt), BOB, [ALICE])).toEqual([]);
    expect(rig.kernel.degraded().slice(before)).toEqual([
      expect.stringContaining("cannot have access lists"),
    ]);
    expect(rig.kernel.readAccess(nodes[0] ?? "")).toEqual({
      uid: 0,
      gid: 0,
      mode: 0o640,
      users: [],
      groups: [],
    });
    execFileSync("umount", [directory]);
  });

  it("keeps no descriptor", () => {
    const before = openFds();
    for (let i = 0; i < 50; i += 1) {
      rig.kernel.setAccess(
        [device, deviceAt(`${directory}/gone`), deviceAt(directory)],
        i % 2 ? ALICE : BOB,
        [ALICE, BOB],
      );
      rig.kernel.readAccess(node);
    }
    expect(openFds()).toBe(before);
    expect(readdirSync(directory)).toEqual(["node"]);
  });
});

function little(id: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(id);
  return bytes.toString("hex");
}

const PYTHON = "import os,sys; a='system.posix_acl_access'; p=sys.argv[1]\n";

function setAttribute(path: string, hex: string): void {
  execFileSync("python3", ["-c", `${PYTHON}os.setxattr(p, a, bytes.fromhex(sys.argv[2]))`, path, hex]);
}

function getAttribute(path: string): string {
  return execFileSync("python3", ["-c", `${PYTHON}print(os.getxattr(p, a).hex())`, path])
    .toString()
    .trim();
}
