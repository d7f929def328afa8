/** Without CAP_SYS_ADMIN. test/kernel/run starts this file a second time that way. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeRig, type Rig, unable } from "./rig.ts";

const UID = 63_500;
const SYS_ADMIN = 21n;
const capabilities = BigInt(`0x${/^CapEff:\t(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]}`);
const privileged = unable || ((capabilities >> SYS_ADMIN) & 1n ? "SKIP: CAP_SYS_ADMIN is there" : false);

describe.skipIf(privileged)(`without CAP_SYS_ADMIN ${privileged || ""}`, () => {
  let rig: Rig;
  beforeEach(() => {
    rig = makeRig();
  });
  afterEach(() => rig.kernel.close());
  const create = (uid = UID) => rig.kernel.createRuntimeDirectory(uid, uid, 1 << 20, 100);

  it("gives a plain directory of the user's own, and says so once", () => {
    expect(create()).toBe("directory");
    expect(create(UID + 1)).toBe("directory");
    const { uid, gid, mode } = statSync(`${rig.user}/${UID}`);
    expect([uid, gid, mode & 0o7777]).toEqual([UID, UID, 0o700]);
    expect(rig.kernel.degraded().filter((text) => text.includes("plain"))).toHaveLength(1);
  });

  it("keeps the directory and what is in it", () => {
    create();
    execFileSync("setpriv", ["--reuid", String(UID), "--clear-groups", "touch", `${rig.user}/${UID}/mine`]);
    rig.restart();
    expect(create()).toBe("directory");
    expect(existsSync(`${rig.user}/${UID}/mine`)).toBe(true);
    expect(rig.kernel.runtimeDirectories()).toEqual([{ uid: UID, directory: "directory" }]);
  });

  it("never follows a symbolic link in its place", () => {
    const target = `${rig.directory}/target`;
    mkdirSync(target, { mode: 0o755 });
    mkdirSync(rig.user);
    symlinkSync(target, `${rig.user}/${UID}`);
    expect(create).toThrow(/ENOTDIR/);
    expect(statSync(target)).toMatchObject({ uid: 0 });
  });
});
