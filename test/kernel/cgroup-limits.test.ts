/** What is written into the files of a group for which limits, on plain files in their stead. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Limits } from "../../daemon/src/core/configuration.ts";
import { loadAddon } from "../../daemon/src/kernel/addon.ts";
import type { Base } from "../../daemon/src/kernel/base.ts";
import { writeLimits } from "../../daemon/src/kernel/cgroup-limits.ts";
import { ADDON, unable, WORK } from "./rig.ts";

const FILES = ["memory.max", "memory.high", "pids.max", "cpu.weight", "io.weight"];

describe.skipIf(unable)(`limits ${unable || ""}`, () => {
  let group: string;
  let lacks: string[];
  let warnings: string[];

  const write = (limits: Limits, fresh: boolean) => {
    const log = { info() {}, warn: (message: string) => void warnings.push(message), error() {} };
    const base = { addon: loadAddon(ADDON), lacks: (what: string) => void lacks.push(what), log };
    writeLimits(base as unknown as Base, group, limits, fresh);
  };
  const files = () =>
    Object.fromEntries(readdirSync(group).map((name) => [name, readFileSync(`${group}/${name}`, "utf8")]));

  beforeEach(() => {
    [lacks, warnings] = [[], []];
    group = mkdtempSync(`${WORK}/limits-`);
    for (const name of FILES) writeFileSync(`${group}/${name}`, "");
  });
  afterEach(() => rmSync(group, { recursive: true }));

  it("are written as they are, and nothing for those that are absent", () => {
    write({ "memory.max": "max", "pids.max": "20" }, true);
    expect(files()).toEqual({
      "memory.max": "max",
      "memory.high": "",
      "pids.max": "20",
      "cpu.weight": "",
      "io.weight": "",
    });
  });

  it("are reset where something may have been written before", () => {
    write({ "cpu.weight": "50" }, false);
    expect(files()).toMatchObject({ "memory.max": "max", "cpu.weight": "50", "io.weight": "default 100" });
  });

  it.each([
    ["50%", Math.floor(totalmem() / 2)],
    ["12.5%", Math.floor(totalmem() / 8)],
    ["0.000000001%", 4096],
  ])("of %s are of the machine's memory", (share, bytes) => {
    write({ "memory.max": share, "memory.high": share }, true);
    expect([Number(files()["memory.max"]), Number(files()["memory.high"])]).toEqual([bytes, bytes]);
  });

  it("whose file is missing are told, the others hold", () => {
    rmSync(`${group}/memory.max`);
    write({ "memory.max": "4096", "pids.max": "20" }, true);
    expect([lacks, warnings]).toEqual([
      ["no memory.max in the control groups: that limit has no effect"],
      [],
    ]);
    expect(files()).toMatchObject({ "pids.max": "20" });
  });
});
