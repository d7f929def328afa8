/** A user may mount a file system of his own over his runtime directory and never answer for it. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endChildren, makeRig, type Rig, startProcess, unable, until } from "./rig.ts";

const UID = 63_700;
const noFuse = unable || (existsSync("/dev/fuse") ? false : "SKIP: no /dev/fuse");

const kinds = ["", ",allow_other"];

describe.skipIf(noFuse).each(kinds)(`a file system that never answers%s ${noFuse || ""}`, (kind) => {
  let rig: Rig;
  let path = "";
  const mounted = () => readFileSync("/proc/self/mountinfo", "utf8").includes(` ${path} `);
  const isFuse = () => readFileSync("/proc/self/mountinfo", "utf8").includes("- fuse ");

  beforeEach(async () => {
    rig = makeRig();
    path = `${rig.user}/${UID}`;
    rig.kernel.createRuntimeDirectory(UID, UID, 1 << 20, 100);
    const options = `fd=3,rootmode=40700,user_id=${UID},group_id=${UID}${kind}`;
    await startProcess(
      "sh",
      "-c",
      `exec 3<>/dev/fuse; mount -i -t fuse -o ${options} x ${path} && exec sleep 1000`,
    );
    await until("the mount", isFuse);
  });
  afterEach(() => {
    // the end of its server answers whoever waits
    endChildren();
    if (mounted()) execFileSync("umount", ["-l", path]);
    rig.kernel.close();
  });

  it("is not looked into", () => {
    expect(rig.kernel.hasRuntimeSocket(UID, "bus")).toBe(false);
    rig.restart();
    expect(rig.kernel.hasRuntimeSocket(UID, "bus")).toBe(false);
    expect(rig.kernel.runtimeDirectories()).toEqual([{ uid: UID, directory: "tmpfs" }]);
  });

  it("is taken off at the next login", () => {
    expect(rig.kernel.createRuntimeDirectory(UID, UID, 1 << 20, 100)).toBe("tmpfs");
    expect(isFuse()).toBe(false);
    expect(mounted()).toBe(true);
  });

  it("goes with the runtime directory", async () => {
    const answers: (string | null)[] = [];
    rig.kernel.removeRuntimeDirectory(UID, UID, "tmpfs", (error) => answers.push(error));
    await until("an answer", () => answers.length === 1);
    expect(answers).toEqual([null]);
    expect(mounted()).toBe(false);
    expect(existsSync(path)).toBe(false);
  });
});
