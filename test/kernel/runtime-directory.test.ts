import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadPeer, makeRig, type Rig, unable, until } from "./rig.ts";

const UID = 63_000;
const GID = 63_001;
const MIB = 1 << 20;

const mount = (...given: string[]) => execFileSync("mount", given);

describe.skipIf(unable)(`runtime directories ${unable || ""}`, () => {
  let rig: Rig;
  let path = "";
  const create = () => rig.kernel.createRuntimeDirectory(UID, GID, MIB, 100);
  const remove = async () => {
    let result: string | null | undefined;
    rig.kernel.removeRuntimeDirectory(UID, GID, "tmpfs", (error) => {
      result = error;
    });
    await until("an answer", () => result !== undefined);
    return result;
  };
  const layers = () =>
    readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.split(" ")[4] === path);
  const asUser = (...command: string[]) =>
    execFileSync("setpriv", ["--reuid", String(UID), "--regid", String(GID), "--clear-groups", ...command]);

  beforeEach(() => {
    rig = makeRig();
    path = `${rig.user}/${UID}`;
    // the way there is open, as /run/user is
    chmodSync(rig.directory, 0o755);
  });
  afterEach(() => {
    for (let left = layers().length; left > 0; left -= 1) execFileSync("umount", ["-l", path]);
    rig.kernel.close();
  });

  it("is a tmpfs of the user's own, limited, without setuid programs and devices", () => {
    expect(create()).toBe("tmpfs");
    const { uid, gid, mode } = statSync(path);
    expect([uid, gid, mode & 0o7777]).toEqual([UID, GID, 0o700]);
    expect(layers()).toHaveLength(1);
    expect(layers()[0]).toMatch(/ rw,nosuid,nodev[ ,].* - tmpfs /);
    const { blocks, bsize, files } = statfsSync(path);
    expect([blocks * bsize, files]).toEqual([MIB, 100]);
    expect(() => asUser("dd", "if=/dev/zero", `of=${path}/big`, "bs=1M", "count=2", "status=none")).toThrow();
    expect(rig.kernel.runtimeDirectoryPath(UID)).toBe(path);
  });

  it("keeps what is right, over a restart too, with all that is in it", () => {
    create();
    asUser("touch", `${path}/mine`);
    create();
    rig.restart();
    expect(create()).toBe("tmpfs");
    expect(layers()).toHaveLength(1);
    expect(existsSync(`${path}/mine`)).toBe(true);
  });

  it.each([
    ["another owner", "mode=0700,uid=1,gid=1,nosuid,nodev"],
    ["another mode", `mode=0755,uid=${UID},gid=${GID},nosuid,nodev`],
    ["setuid programs", `mode=0700,uid=${UID},gid=${GID},nodev`],
    ["devices", `mode=0700,uid=${UID},gid=${GID},nosuid`],
  ])("takes off a mount with %s", (_what, options) => {
    mkdirSync(path, { recursive: true });
    mount("-t", "tmpfs", "-o", options, "tmpfs", path);
    expect(create()).toBe("tmpfs");
    expect(layers()).toHaveLength(1);
    expect(statSync(path)).toMatchObject({ uid: UID, gid: GID });
    expect(layers()[0]).toMatch(/nosuid,nodev/);
  });

  it("takes off a mount of another kind of file system", () => {
    mkdirSync(path, { recursive: true });
    mount("-t", "ramfs", "-o", "mode=0700,nosuid,nodev", "ramfs", path);
    chownSync(path, UID, GID);
    create();
    expect(layers().map((line) => line.split(" - ")[1]?.split(" ")[0])).toEqual(["tmpfs"]);
  });

  it("uncovers what is right below what is not", () => {
    create();
    asUser("touch", `${path}/mine`);
    mount("-t", "tmpfs", "tmpfs", path);
    expect(create()).toBe("tmpfs");
    expect(existsSync(`${path}/mine`)).toBe(true);
    expect(layers()).toHaveLength(1);
  });

  it("removes all layers, but not more than there can sensibly be", async () => {
    create();
    for (let i = 0; i < 5; i += 1) mount("-t", "tmpfs", "tmpfs", path);
    expect(await remove()).toBeNull();
    expect(existsSync(path)).toBe(false);
    mkdirSync(path);
    for (let i = 0; i < 40; i += 1) mount("-t", "tmpfs", "tmpfs", path);
    expect(await remove()).toMatch(/EBUSY/);
    expect(layers()).toHaveLength(40 - 17);
  });

  it("detaches what is in use, with everything below it", async () => {
    create();
    asUser("mkdir", "-p", `${path}/doc/deep`);
    mount("-t", "tmpfs", "tmpfs", `${path}/doc`);
    expect(await remove()).toBeNull();
    expect(existsSync(path)).toBe(false);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(path);
    expect(rig.kernel.runtimeDirectories()).toEqual([]);
    expect(await remove()).toBeNull();
  });

  it("never follows a symbolic link in its place", async () => {
    const target = `${rig.directory}/target`;
    mkdirSync(target);
    writeFileSync(`${target}/canary`, "");
    mkdirSync(rig.user);
    symlinkSync(target, path);
    const before = statSync(target);
    expect(create).toThrow(/ENOTDIR/);
    expect(await remove()).toMatch(/ENOTDIR/);
    expect(rig.kernel.hasRuntimeSocket(UID, "canary")).toBe(false);
    expect(rig.kernel.runtimeDirectories()).toEqual([]);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(existsSync(`${target}/canary`)).toBe(true);
    expect(statSync(target)).toMatchObject({ uid: before.uid, mode: before.mode });
  });

  it.each([
    ["writable by all", () => chmodSync(rig.user, 0o777)],
    ["somebody's own", () => chownSync(rig.user, 1, 1)],
  ])("makes none in a directory that is %s", (_what, spoil) => {
    mkdirSync(rig.user);
    spoil();
    expect(create).toThrow(/EPERM/);
    expect(existsSync(path)).toBe(false);
  });

  it("covers a plain directory of somebody else's that holds files, and touches nothing in it", async () => {
    mkdirSync(path, { recursive: true });
    chownSync(path, 1, 1);
    writeFileSync(`${path}/theirs`, "");
    expect(create()).toBe("tmpfs");
    expect(existsSync(`${path}/theirs`)).toBe(false);
    expect(statSync(path).uid).toBe(UID);
    expect(await remove()).toBeNull();
    expect(layers()).toEqual([]);
    expect(existsSync(`${path}/theirs`)).toBe(true);
    expect(statSync(path).uid).toBe(1);
  });

  it("keeps a plain directory of the user's that is in use", () => {
    mkdirSync(path, { recursive: true });
    chownSync(path, UID, GID);
    chmodSync(path, 0o755);
    writeFileSync(`${path}/mine`, "");
    expect(create()).toBe("directory");
    expect(existsSync(`${path}/mine`)).toBe(true);
    expect(statSync(path).mode & 0o7777).toBe(0o700);
  });

  it("lists only directories that a user id names", () => {
    create();
    for (const name of ["0123", "x", "65535", "4294967295", "-1", "1e3"]) mkdirSync(`${rig.user}/${name}`);
    mkdirSync(`${rig.user}/7`);
    writeFileSync(`${rig.user}/8`, "");
    expect(rig.kernel.runtimeDirectories()).toHaveLength(2);
    expect(rig.kernel.runtimeDirectories()).toContainEqual({ uid: UID, directory: "tmpfs" });
    expect(rig.kernel.runtimeDirectories()).toContainEqual({ uid: 7, directory: "directory" });
  });

  it("says what failed when the limits cannot be, and leaves nothing", () => {
    expect(() => rig.kernel.createRuntimeDirectory(UID, GID, 2 ** 63, 100)).toThrow(TypeError);
    expect(layers()).toEqual([]);
  });

  it("sees a socket only if it is one, is the user's, and lies directly there", () => {
    const peer = loadPeer();
    create();
    const bind = (name: string, owner: number) => {
      peer.listen(`${path}/${name}`, 0, 1);
      chownSync(`${path}/${name}`, owner, GID);
    };
    const seen = (name: string) => rig.kernel.hasRuntimeSocket(UID, name);
    bind("bus", UID);
    bind("roots", 0);
    asUser("mkdir", `${path}/sub`);
    bind("sub/bus", UID);
    asUser("ln", "-s", "bus", `${path}/link`);
    asUser("mkfifo", `${path}/fifo`);
    asUser("touch", `${path}/file`);
    expect(seen("bus")).toBe(true);
    const others = ["roots", "link", "fifo", "file", "sub", "sub/bus", "../x", "..", ".", "", "none", "a\0b"];
    expect(others.filter(seen)).toEqual([]);
    rig.restart();
    expect(seen("bus")).toBe(true);
  });

  it("does not look into what is mounted over the directory or the name", () => {
    const peer = loadPeer();
    create();
    peer.listen(`${path}/bus`, 0, 1);
    chownSync(`${path}/bus`, UID, GID);
    asUser("touch", `${path}/other`);
    mount("--bind", `${path}/bus`, `${path}/other`);
    expect(rig.kernel.hasRuntimeSocket(UID, "other")).toBe(false);
    execFileSync("umount", [`${path}/other`]);
    mount("--bind", path, path);
    expect(rig.kernel.hasRuntimeSocket(UID, "bus")).toBe(false);
    execFileSync("umount", [path]);
    expect(rig.kernel.hasRuntimeSocket(UID, "bus")).toBe(true);
  });

  it("leaves an empty mount point that somebody else pinned for the next login", async () => {
    create();
    const holder = execFileSync("sh", ["-c", `cd ${path}; sleep 3 >/dev/null 2>&1 & echo $!`]);
    expect(await remove()).toBeNull();
    expect(existsSync(path)).toBe(false);
    expect(create()).toBe("tmpfs");
    process.kill(Number(String(holder)));
    expect(await remove()).toBeNull();
    expect(() => rmdirSync(path)).toThrow(/ENOENT/);
  });
});
