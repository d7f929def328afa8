/** The control groups that programs with libelogind read: a session has one at the top, named like itself. */

import { existsSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CGROUP, endChildren, makeRig, noCgroup, type Rig, startProcess, until } from "./rig.ts";

const UID = 63_000;

describe.skipIf(noCgroup)(`control groups at the top ${noCgroup || ""}`, () => {
  let rig: Rig;
  const enter = async (id: string, uid = UID) => {
    const child = await startProcess("sleep", "1000");
    rig.kernel.enterScope(id, uid, rig.kernel.process(child.pid).identity, {});
    return child;
  };
  const end = async (id: string) => {
    rig.kernel.killScope(id, UID);
    await until("an empty scope", () => rig.kernel.scopeProcesses(id, UID).length === 0);
    rig.kernel.removeScope(id, UID);
  };

  beforeEach(() => {
    rig = makeRig({ cgroupLayout: "elogind" });
    rig.kernel.createSlice(UID, {});
  });
  afterEach(async () => {
    for (const { id } of rig.kernel.scopes()) await end(id);
    rig.kernel.removeSlice(UID);
    rig.kernel.close();
    endChildren();
  });

  it("are named like the session, and give it back", async () => {
    const { pid } = await enter("17");
    expect(rig.kernel.scopePath("17", UID)).toBe("/17");
    expect(existsSync(`${CGROUP}/17/cgroup.procs`)).toBe(true);
    expect(rig.kernel.process(pid).session).toBe("17");
    expect(rig.kernel.process(process.pid).session).toBeNull();
    expect(rig.kernel.scopeProcesses("17", UID)).toMatchObject([{ pid, cgroup: "" }]);
    await end("17");
    expect(existsSync(`${CGROUP}/17`)).toBe(false);
  });

  it("are signalled one by one, whatever their names begin with", async () => {
    await enter("1");
    const other = await enter("10");
    rig.kernel.signalScope("1", UID, 9, 0);
    await until("its end", () => rig.kernel.scopeProcesses("1", UID).length === 0);
    expect(rig.kernel.scopeProcesses("10", UID)).toMatchObject([{ pid: other.pid }]);
  });

  it("are shown among the processes of their user, and of nobody else", async () => {
    const { pid } = await enter("6");
    const other = await enter("7", 63_001);
    expect(rig.kernel.sliceProcesses(UID)).toMatchObject([{ pid, cgroup: "/6" }]);
    expect(rig.kernel.sliceProcesses(63_001)).toMatchObject([{ pid: other.pid, cgroup: "/7" }]);
    expect(rig.kernel.sliceProcesses(63_002)).toEqual([]);
  });

  it("tell when they are empty", async () => {
    let emptied = 0;
    const child = await enter("3");
    rig.kernel.watchScope("3", UID, () => {
      emptied += 1;
    });
    child.kill("SIGKILL");
    await until("it is told", () => emptied === 1);
  });

  it("tell a later daemon whose session they are, and belong to nobody", async () => {
    await enter("4");
    await enter("5", 63_001);
    rig.restart();
    expect(rig.kernel.scopes()).toEqual(
      expect.arrayContaining([
        { id: "4", uid: UID },
        { id: "5", uid: 63_001 },
      ]),
    );
    const status = statSync(`${CGROUP}/4`);
    expect([status.uid, status.mode & 0o777]).toEqual([0, 0o755]);
    expect(statSync(`${CGROUP}/4/cgroup.procs`).gid).toBe(0);
    await end("5");
  });

  it("are not mistaken for others beside them", async () => {
    const others = ["04", "a1", "0", "elogind", "99999999999"];
    for (const name of others) mkdirSync(`${CGROUP}/${name}`);
    expect(rig.kernel.scopes()).toEqual([]);
    for (const name of others) rmdirSync(`${CGROUP}/${name}`);
  });

  it("leave the limits of a user to the services, and that is said", () => {
    expect(rig.kernel.degraded()).toContainEqual(
      expect.stringMatching(/limits of users hold for their services/),
    );
    expect(rig.kernel.slicePath(UID)).toBe(`/user.slice/user-${UID}.slice`);
    expect(rig.kernel.managerPath(UID)).toBe(`/user.slice/user-${UID}.slice/user@${UID}.service`);
  });
});
