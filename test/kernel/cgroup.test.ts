import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Addon, loadAddon } from "../../daemon/src/kernel/addon.ts";
import { CgroupTree } from "../../daemon/src/kernel/cgroup-tree.ts";
import { KernelError } from "../../daemon/src/kernel/kernel.ts";
import {
  ADDON,
  awhile,
  CGROUP,
  endChildren,
  makeRig,
  noCgroup,
  type Rig,
  startProcess,
  until,
} from "./rig.ts";

const UID = 62_000;

describe.skipIf(noCgroup)(`control groups ${noCgroup || ""}`, () => {
  let rig: Rig;
  const slice = `${CGROUP}/user.slice/user-${UID}.slice`;
  const enter = async (id: string, ...command: string[]) => {
    const [program = "sleep", ...rest] = command.length > 0 ? command : ["sleep", "1000"];
    const child = await startProcess(program, ...rest);
    rig.kernel.enterScope(id, UID, rig.kernel.process(child.pid).identity, {});
    return child;
  };

  beforeEach(() => {
    rig = makeRig();
    rig.kernel.createSlice(UID, {});
  });
  afterEach(async () => {
    for (const { id, uid } of rig.kernel.scopes()) {
      rig.kernel.killScope(id, uid);
      await until("an empty scope", () => {
        try {
          rig.kernel.removeScope(id, uid);
          return true;
        } catch {
          return false;
        }
      });
    }
    rig.kernel.removeSlice(UID);
    rig.kernel.close();
    endChildren();
  });

  it("counts what a session's processes start, also below groups of their own", async () => {
    const { pid } = await enter("1", "sh", "-c", "read -r go; sleep 1000 & wait");
    mkdirSync(`${slice}/session-1.scope/app`);
    mkdirSync(`${slice}/session-1.scope/app/deep`);
    const child = Number(
      execFileSync(
        "sh",
        [
          "-c",
          `echo $$ > ${slice}/session-1.scope/app/deep/cgroup.procs; sleep 1000 >/dev/null 2>&1 & echo $!`,
        ],
        {
          encoding: "utf8",
        },
      ),
    );
    expect(rig.kernel.process(child).session).toBe("1");
    const lines = rig.kernel.scopeProcesses("1", UID);
    expect(lines).toContainEqual(expect.objectContaining({ pid, cgroup: "", command: "sh" }));
    expect(lines).toContainEqual(
      expect.objectContaining({ pid: child, cgroup: "app/deep", command: "sleep" }),
    );
    expect(rig.kernel.sliceProcesses(UID).map((line) => line.cgroup)).toContain("session-1.scope/app/deep");
    rig.kernel.signalScope("1", UID, 9, 0);
    await until("the end of all", () => rig.kernel.scopeProcesses("1", UID).length === 0);
    rig.kernel.removeScope("1", UID);
    expect(existsSync(`${slice}/session-1.scope`)).toBe(false);
  });

  it("finds a session only in groups that are named exactly so", async () => {
    const { pid } = await startProcess("sleep", "1000");
    const odd = [
      "/user.slice/user-62000.slice/session-1.scopex",
      "/user.slice/user-62000.slice/session-01.scope",
      "/user.slice/user-62000.slice/session-x.scope",
      "/user.slice/user-4294967295.slice/session-1.scope",
      "/user.slice/user-062000.slice/session-1.scope",
      "/user.slice/session-1.scope",
      "/other.slice/user-62000.slice/session-1.scope",
    ];
    for (const path of odd) {
      mkdirSync(CGROUP + path, { recursive: true });
      writeFileSync(`${CGROUP}${path}/cgroup.procs`, String(pid));
      expect([path, rig.kernel.process(pid).session]).toEqual([path, null]);
    }
    expect(rig.kernel.scopes()).toEqual([]);
    writeFileSync(`${CGROUP}/tests/cgroup.procs`, String(pid));
    for (const path of odd) rmdirSync(CGROUP + path);
    for (const path of ["user.slice/user-4294967295.slice", "user.slice/user-062000.slice"])
      rmdirSync(`${CGROUP}/${path}`);
    rmdirSync(`${CGROUP}/other.slice/user-62000.slice`);
    rmdirSync(`${CGROUP}/other.slice`);
  });

  it("strips the way to its root when that is a group itself", async () => {
    const root = `${CGROUP}/tests-below`;
    mkdirSync(root);
    const below = makeRig({ cgroupRoot: root });
    below.kernel.createSlice(UID, {});
    const { pid } = await startProcess("sleep", "1000");
    below.kernel.enterScope("5", UID, below.kernel.process(pid).identity, {});
    expect(below.kernel.process(pid).session).toBe("5");
    expect(below.kernel.scopePath("5", UID)).toBe(`/user.slice/user-${UID}.slice/session-5.scope`);
    expect(rig.kernel.process(pid).session).toBeNull();
    below.kernel.signalScope("5", UID, 9, 0);
    await until("its end", () => below.kernel.scopeProcesses("5", UID).length === 0);
    below.kernel.removeScope("5", UID);
    below.kernel.removeSlice(UID);
    below.kernel.close();
    rmdirSync(`${root}/user.slice`);
    rmdirSync(root);
  });

  it("does not move a process that only has the pid", async () => {
    const { pid } = await startProcess("sleep", "1000");
    const { identity } = rig.kernel.process(pid);
    const before = readFileSync(`/proc/${pid}/cgroup`, "utf8");
    expect(() => rig.kernel.enterScope("2", UID, { ...identity, inode: "", start: "12" }, {})).toThrow(
      /ESRCH/,
    );
    expect(readFileSync(`/proc/${pid}/cgroup`, "utf8")).toBe(before);
    expect(rig.kernel.scopes()).toEqual([]);
  });

  it("moves all threads of the leader", async () => {
    const child = await startProcess(process.execPath, "-e", "console.log(1); setTimeout(() => {}, 1e6)");
    await once(child.stdout as NodeJS.ReadableStream, "data");
    const { pid } = child;
    rig.kernel.enterScope("3", UID, rig.kernel.process(pid).identity, {});
    const threads = readFileSync(`${slice}/session-3.scope/cgroup.threads`, "utf8").trim().split("\n");
    expect(threads).toContain(String(pid));
    expect(threads.length).toBeGreaterThan(3);
  });

  it("tells that a scope is empty when the last of many has gone", async () => {
    let emptied = 0;
    const shell = await enter("4", "sh", "-c", "read -r go; sleep 0.3 & sleep 0.6 & read -r end");
    shell.stdin?.write("go\n");
    rig.kernel.watchScope("4", UID, () => {
      emptied += 1;
    });
    await awhile();
    expect(emptied).toBe(0);
    shell.stdin?.write("end\n");
    await until("the end", () => emptied === 1);
    expect(rig.kernel.scopeProcesses("4", UID)).toEqual([]);
  });

  it("tells of a scope that was empty before it was watched, without waiting for a change", async () => {
    const child = await enter("9");
    child.kill("SIGKILL");
    await until("its end", () =>
      readFileSync(`${slice}/session-9.scope/cgroup.events`, "utf8").includes("populated 0"),
    );
    // the kernel tells watchers of that change a little later
    await awhile();
    let emptied = 0;
    rig.kernel.watchScope("9", UID, () => {
      emptied += 1;
    });
    expect(emptied).toBe(0);
    await until("it is told", () => emptied === 1, 500);
  });

  it("removes groups nested deeper than a program would recurse", async () => {
    const { pid } = await enter("6");
    let path = `${slice}/session-6.scope`;
    for (let i = 0; i < 60; i += 1) {
      path += "/d";
      mkdirSync(path);
    }
    expect(() => rig.kernel.removeScope("6", UID)).toThrow(/EBUSY/);
    expect(rig.kernel.process(pid).session).toBe("6");
    rig.kernel.killScope("6", UID);
    await until("the end", () => rig.kernel.scopeProcesses("6", UID).length === 0);
    rig.kernel.removeScope("6", UID);
    expect(existsSync(`${slice}/session-6.scope`)).toBe(false);
  });

  it("kills one by one where the kernel cannot kill a group, however the groups below are named", async () => {
    const { pid } = await enter("10", "sh", "-c", "read -r go; while :; do sleep 1000 & sleep 0.01; done");
    const scope = `/user.slice/user-${UID}.slice/session-10.scope`;
    execFileSync("sh", [
      "-c",
      `cd "$0" && mkdir "$(printf 'a\\377')" && mkdir "$(printf 'a\\377')/b" "$(printf 'a\\377')/c"`,
      CGROUP + scope,
    ]);
    const inside = await startProcess("sleep", "1000");
    execFileSync("sh", ["-c", `cd "$0"/a*/b && echo $1 >cgroup.procs`, CGROUP + scope, String(inside.pid)]);
    const addon = loadAddon(ADDON);
    const older: Addon = {
      ...addon,
      write(path, text) {
        if (path.endsWith("/cgroup.kill")) throw new KernelError("open", "ENOENT", path);
        addon.write(path, text);
      },
    };
    expect(addon.groupMembers(CGROUP + scope).toSorted()).toEqual([pid, inside.pid].toSorted());
    new CgroupTree(older, { path: CGROUP, prefix: "" }).kill(scope);
    await until("the end of all", () => addon.groupMembers(CGROUP + scope).length === 0);
    expect(addon.removeGroups(CGROUP + scope, 3)).toBe(1);
    expect(addon.removeGroups(CGROUP + scope, 10)).toBe(-1);
    expect(addon.removeGroups(CGROUP + scope, 10)).toBe(-1);
    expect(addon.groupMembers(CGROUP + scope)).toEqual([]);
  });

  it("keeps a slice that is in use", async () => {
    await enter("7");
    rig.kernel.removeSlice(UID);
    expect(existsSync(slice)).toBe(true);
  });

  it("writes limits and resets them, or says once that the system lacks them", () => {
    const file = `${slice}/pids.max`;
    rig.kernel.limitSlice(UID, { "pids.max": "77" });
    rig.kernel.limitSlice(UID, { "pids.max": "78" });
    if (existsSync(file)) {
      expect(readFileSync(file, "utf8").trim()).toBe("78");
      rig.kernel.limitSlice(UID, {});
      expect(readFileSync(file, "utf8").trim()).toBe("max");
    } else {
      expect(rig.kernel.degraded().filter((text) => text.includes("pids.max"))).toHaveLength(1);
    }
  });

  it("limits a scope before the leader is in it, and one that is there already not again", async () => {
    const limits = { "pids.max": "77", "memory.max": "50%" };
    const leader = async () => rig.kernel.process((await startProcess("sleep", "1000")).pid).identity;
    rig.kernel.enterScope("11", UID, await leader(), limits);
    rig.kernel.enterScope("11", UID, await leader(), limits);
    const file = `${slice}/session-11.scope/pids.max`;
    if (existsSync(file)) expect(readFileSync(file, "utf8").trim()).toBe("77");
    for (const key of Object.keys(limits)) {
      const complaints = rig.kernel.degraded().filter((text) => text.includes(key));
      expect(complaints).toHaveLength(existsSync(`${slice}/session-11.scope/${key}`) ? 0 : 1);
    }
    const gone = { ...(await leader()), inode: "", start: "12" };
    expect(() => rig.kernel.enterScope("12", UID, gone, limits)).toThrow(/ESRCH/);
    expect(existsSync(`${slice}/session-12.scope`)).toBe(false);
  });

  it("does without control groups, and says so", async () => {
    const without = makeRig({ cgroupRoot: rig.directory });
    let emptied = 0;
    expect(without.kernel.degraded()).toEqual([expect.stringMatching(/no cgroup v2/)]);
    expect(() => without.kernel.createSlice(UID, {})).toThrow(/ENOSYS/);
    expect(without.kernel.scopePath("1", UID)).toBeNull();
    without.kernel.watchScope("1", UID, () => {
      emptied += 1;
    });
    without.kernel.killScope("1", UID);
    without.kernel.removeSlice(UID);
    await until("the end", () => emptied === 1);
    without.kernel.removeScope("1", UID);
    without.kernel.close();
  });

  it("looks each second when no inotify watch is left", async () => {
    const file = "/proc/sys/fs/inotify/max_user_instances";
    const usual = readFileSync(file, "utf8");
    let emptied = 0;
    try {
      writeFileSync(file, "0");
      const child = await enter("8");
      rig.kernel.watchScope("8", UID, () => {
        emptied += 1;
      });
      const told = () => rig.kernel.degraded().some((text) => text.includes("each second"));
      await until("the watch is missed", told);
      child.kill("SIGKILL");
      await until("it is noticed", () => emptied === 1);
    } finally {
      writeFileSync(file, usual);
    }
  });
});
