/** A sessionman-run that says nothing any more is found by its program and its arguments. */

import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, realpathSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { Addon } from "../../daemon/src/kernel/addon.ts";
import type { Base } from "../../daemon/src/kernel/base.ts";
import { killHolders } from "../../daemon/src/kernel/manager-holder.ts";
import { ADDON, unable, until, WORK } from "./rig.ts";

describe.skipIf(unable)(`killing a sessionman-run ${unable || ""}`, () => {
  const started: ReturnType<typeof spawn>[] = [];
  const directory = `${WORK}/holder-${process.pid}`;
  const ARGUMENT = `log=${directory}/1000.log`;

  const base = (): Base => {
    const module = { exports: {} };
    process.dlopen(module, ADDON);
    return { addon: module.exports as Addon } as Base;
  };
  const start = async (name: string, argument: string, uid = 0) => {
    const own = `${directory}/${started.length}`;
    mkdirSync(own, { recursive: true, mode: 0o755 });
    const program = `${own}/${name}`;
    copyFileSync(realpathSync("/bin/sh"), program);
    chmodSync(program, 0o755);
    const child = spawn(program, ["-c", "echo up; read line", "sh", argument], {
      uid,
      stdio: ["pipe", "pipe", "ignore"],
    });
    started.push(child);
    await new Promise((up) => child.stdout?.once("data", up));
    return child;
  };

  afterEach(() => {
    for (const child of started.splice(0)) child.kill("SIGKILL");
  });

  it("kills one that is stopped", async () => {
    const child = await start("sessionman-run", ARGUMENT);
    child.kill("SIGSTOP");
    expect(killHolders(base(), ARGUMENT)).toBe(1);
    await until("its end", () => child.signalCode === "SIGKILL");
    expect(killHolders(base(), ARGUMENT)).toBe(0);
  });

  it("leaves those of other users, other programs, and what users have started alone", async () => {
    await start("sessionman-run", `${ARGUMENT}x`);
    await start("sessionman-ran", ARGUMENT);
    await start("x-sessionman-run", ARGUMENT);
    await start("sessionman-run", ARGUMENT, 63_000);
    expect(killHolders(base(), ARGUMENT)).toBe(0);
  });
});
