/** Switches of the foreground on real virtual terminals of this machine, one suite at a time. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadAddon } from "../../daemon/src/kernel/addon.ts";
import { ADDON, endChildren, makeRig, type Rig, startProcess, unable, until } from "./rig.ts";

const FOREGROUND = "/sys/class/tty/tty0/active";
const [FIRST, SECOND] = [61, 62];

const DEALLOCATE = `
import fcntl, sys
for number in sys.argv[1:]:
    fcntl.ioctl(open("/dev/tty0", "rb+", buffering=0), 0x5608, int(number))
`;

/** Why that cannot be done here, or false. */
function missing(): string | false {
  if (unable) return unable;
  if (!existsSync("/dev/tty0") || !existsSync(FOREGROUND)) return "SKIP: no virtual terminals here";
  try {
    loadAddon(ADDON).activateVt(shown());
    return false;
  } catch (error) {
    return `SKIP: virtual terminals cannot be switched here: ${String(error)}`;
  }
}

function shown(): number {
  return Number(readFileSync(FOREGROUND, "utf8").trim().slice(3));
}

const why = missing();

describe.skipIf(why)(`the foreground ${why || ""}`, () => {
  let rig: Rig;
  let before = 0;

  beforeAll(async () => {
    // others that switch wait for it
    const lock = await startProcess("flock", FOREGROUND, "sh", "-c", "echo held; exec cat");
    await new Promise((resolve) => lock.stdout?.once("data", resolve));
    before = shown();
    rig = makeRig();
  }, 120_000);

  afterAll(async () => {
    rig.kernel.activateVt(before);
    await until("it is as before", () => shown() === before);
    execFileSync("python3", ["-c", DEALLOCATE, String(FIRST), String(SECOND)]);
    rig.kernel.close();
    endChildren();
  });

  it("is what was asked for last, and is told", async () => {
    const seen: number[] = [];
    expect(rig.kernel.watchActiveVt((vt) => seen.push(vt))).toBe(true);
    for (const vt of [FIRST, SECOND, FIRST]) {
      rig.kernel.activateVt(vt);
      await until(`VT ${vt} is shown`, () => shown() === vt);
      await until("it is told", () => seen.at(-1) === vt);
    }
    rig.kernel.activateVt(FIRST);
    expect(shown()).toBe(FIRST);
  });

  it("can be one that keys would pass over before", async () => {
    rig.kernel.activateVt(FIRST);
    await until("it can be left", () => shown() === FIRST);
    execFileSync("python3", ["-c", DEALLOCATE, String(SECOND)]);
    const exists = () => existsSync(`/sys/class/vc/vcs${SECOND}`);
    expect(exists()).toBe(false);
    rig.kernel.allocateVt(SECOND);
    await until("it exists", exists);
    expect(shown()).toBe(FIRST);
  });

  it("is not what there is none of", () => {
    for (const vt of [0, 64, 4096])
      expect(() => rig.kernel.activateVt(vt)).toThrow("not a number of the right size");
    expect(shown()).toBe(FIRST);
  });
});
