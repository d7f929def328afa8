/** Where things are, and which groups have which ids, from one daemon to the next. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readGroups, renderGroups } from "../../daemon/src/store/groups.ts";
import { settlePaths, writePaths } from "../../daemon/src/store/paths.ts";

const BOOT = "5b0c7f36-97cb-4b7e-b5ad-5d1f3a2f0c11";

let run: string;
const warnings: string[] = [];
const log = { info: () => {}, warn: (message: string) => void warnings.push(message), error: () => {} };
const at = (runtimeDirectories: string) => ({
  run,
  runtimeDirectories,
  cgroupRoot: null,
  cgroupLayout: "systemd" as const,
  lingering: "/var/lib/sessionman/linger",
  backendConfiguration: "/etc/sessionman/backend",
});

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "sessionman-places-"));
  warnings.length = 0;
});
afterEach(() => rmSync(run, { recursive: true }));

describe("paths", () => {
  const leaveRecord = () => {
    mkdirSync(`${run}/sessions`);
    writeFileSync(`${run}/sessions/7`, "");
  };

  it("stay where they are while there are sessions, and that is said", () => {
    writePaths(at("/run/user"), BOOT, writeFileSync);
    leaveRecord();
    expect(settlePaths(at("/run/other"), BOOT, log)).toEqual(at("/run/user"));
    expect(warnings).toHaveLength(1);
  });

  it("keep the groups that sessions are in", () => {
    writePaths(at("/run/user"), BOOT, writeFileSync);
    leaveRecord();
    const wanted = { ...at("/run/user"), cgroupLayout: "elogind" as const };
    expect(settlePaths(wanted, BOOT, log)).toEqual(at("/run/user"));
    expect(warnings).toEqual([expect.stringContaining("cgroup.layout")]);
  });

  it("of what records are not bound to are always the configured ones", () => {
    writePaths(at("/run/user"), BOOT, writeFileSync);
    leaveRecord();
    const wanted = { ...at("/run/user"), lingering: "/srv/linger", backendConfiguration: "/srv/backend" };
    expect(settlePaths({ ...wanted, runtimeDirectories: "/run/other" }, BOOT, log)).toEqual(wanted);
  });

  it("follow the configuration without sessions, and after a boot", () => {
    writePaths(at("/run/user"), BOOT, writeFileSync);
    expect(settlePaths(at("/run/other"), BOOT, log)).toEqual(at("/run/other"));
    leaveRecord();
    expect(settlePaths(at("/run/other"), "99999999-0000-4000-8000-000000000000", log)).toEqual(
      at("/run/other"),
    );
    expect(warnings).toEqual([]);
  });

  it.each([
    "",
    "null",
    "[]",
    '{"boot":1}',
    `{"boot":"${BOOT}","runtimeDirectories":"x","cgroupRoot":null,"cgroupLayout":"systemd"}`,
  ])("follow the configuration when the record is %j", (content) => {
    leaveRecord();
    writeFileSync(`${run}/paths`, content);
    expect(settlePaths(at("/run/other"), BOOT, log)).toEqual(at("/run/other"));
  });
});

describe("ids of groups", () => {
  it("read back as they were", () => {
    const gids = new Map([["students", 500]]);
    writeFileSync(`${run}/groups`, renderGroups(gids));
    expect(readGroups(run)).toEqual(gids);
  });

  it.each(["", "{}", "7", '[["a"]]', "[[1,2]]", '[["a",-1]]', "[null]"])(
    "are none when the file says %j",
    (content) => {
      writeFileSync(`${run}/groups`, content);
      expect(readGroups(run)).toEqual(new Map());
    },
  );
});
