/** The log of a service manager. */

import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UID } from "./manager-rig.ts";
import { makeRig, type Rig, unable } from "./rig.ts";

describe.skipIf(unable)(`the log of a service manager ${unable || ""}`, () => {
  const path = (rig: Rig, end = "") => `${rig.run}/managers/${UID}.log${end}`;

  it("is the end of both files, from the beginning of a line", () => {
    const rig = makeRig();
    const line = `${"x".repeat(99)}\n`;
    writeFileSync(path(rig, ".1"), `first\n${line.repeat(600)}`);
    writeFileSync(path(rig), `${line.repeat(300)}last, not ended`);
    const log = rig.kernel.managerLog(UID);
    expect(log.length).toBeLessThanOrEqual(65_536);
    expect(log.length).toBeGreaterThan(65_000);
    expect(log.startsWith("xxx")).toBe(true);
    expect(log.endsWith("\nlast, not ended")).toBe(true);
    expect((log.length - "last, not ended".length) % line.length).toBe(0);
    rig.kernel.eraseManager(UID);
    expect(readdirSync(`${rig.run}/managers`)).toEqual([]);
    rig.kernel.close();
  });

  it("does not follow links, wait for pipes or stumble over bytes", () => {
    const rig = makeRig();
    execFileSync("ln", ["-s", "/etc/passwd", path(rig)]);
    execFileSync("mkfifo", [path(rig, ".1")]);
    expect(rig.kernel.managerLog(UID)).toBe("");
    rig.kernel.eraseManager(UID);
    writeFileSync(path(rig), Buffer.from([0x61, 0xff, 0x62, 0x0a]));
    expect(rig.kernel.managerLog(UID)).toBe("a\ufffdb\n");
    rig.kernel.close();
  });
});
