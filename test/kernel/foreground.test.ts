/** Switches of the foreground on real virtual terminals of this machine, one suite at a time. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endChildren, FOREGROUND, holdForeground, makeRig, type Rig, unable, until } from "./rig.ts";

const [FIRST, SECOND] = [61, 62];

const DEALLOCATE = `
import fcntl, sys
for number in sys.argv[1:]:
    fcntl.ioctl(open("/dev/tty0", "rb+", buffering=0), 0x5608, int(number))
`;

// who may switch is told that there is no terminal 0
const MAY_SWITCH = `
import errno, fcntl, sys
try:
    fcntl.ioctl(open("/dev/tty0", "rb+", buffering=0), 0x5606, 0)
except OSError as error:
    if error.errno != errno.ENXIO: sys.exit(str(error))
`;

/** Why that cannot be done here, or false. Another suite may be switching: nothing is switched to find out. */
function missing(): string | false {
  if (unable) return unable;
  if (!existsSync("/dev/tty0") || !existsSync(FOREGROUND)) return "SKIP: no virtual terminals here";
  try {
    execFileSync("python3", ["-c", MAY_SWITCH], { stdio: ["ignore", "ignore", "pipe"] });
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
    await holdForeground();
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
