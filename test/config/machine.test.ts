/** Which backends a machine can use, and what auto comes to there. */

import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfiguration } from "../../daemon/src/config/load.ts";
import {
  backendPath,
  chooseBackend,
  machineFacts,
  machineOf,
  programFault,
} from "../../daemon/src/config/machine.ts";
import { formatProblem } from "../../daemon/src/config/tree.ts";

const isRoot = process.geteuid?.() === 0;

describe("auto", () => {
  const signs = (over: object) => ({
    init: "init",
    openrc: false,
    installed: (_program: string) => false,
    usable: (_backend: string) => true,
    ...over,
  });
  const has = (...programs: string[]) => ({ installed: (program: string) => programs.includes(program) });
  const uses = (...names: string[]) => ({ usable: (name: string) => names.includes(name) });

  test.each([
    [{ init: "dinit" }, "dinit", "process 1 is dinit"],
    [{ init: "runit", ...has("dinit") }, "runit", "process 1 is runit"],
    [{ init: "s6-svscan", openrc: true }, "s6", "process 1 is s6-svscan"],
    [{ init: "openrc-init" }, "openrc", "process 1 is openrc-init"],
    [{ openrc: true, ...has("dinit") }, "openrc", "OpenRC runs"],
    [has("openrc", "s6-svscan", "runsvdir", "dinit"), "dinit", "dinit is installed"],
    [has("openrc", "s6-svscan", "runsvdir"), "runit", "runsvdir is installed"],
    [has("openrc", "s6-svscan"), "s6", "s6-svscan is installed"],
    [has("openrc"), "openrc", "openrc is installed"],
    [{}, "none", "none of dinit, runsvdir, s6-svscan, openrc is installed, or its backend is not"],
    [
      { init: "systemd" },
      "none",
      "none of dinit, runsvdir, s6-svscan, openrc is installed, or its backend is not",
    ],
    [{ init: "dinit", ...has("runsvdir"), ...uses("runit") }, "runit", "runsvdir is installed"],
    [
      { openrc: true, ...uses() },
      "none",
      "none of dinit, runsvdir, s6-svscan, openrc is installed, or its backend is not",
    ],
  ])("%j is %s: %s", (over, backend, because) => {
    expect(chooseBackend(signs(over))).toEqual({ backend, because });
  });
});

const FOREIGN = { foreign: true };

describe("on disk", () => {
  let directory = "";
  let program = "";

  beforeEach(() => {
    directory = mkdtempSync(`${tmpdir()}/sessionman-backends-`);
    program = `${directory}/s6`;
    writeFileSync(program, "#!/bin/sh\n");
    chmodSync(program, 0o755);
  });
  const instead = (make: () => void) => {
    rmSync(program);
    make();
  };
  afterEach(() => rmSync(directory, { recursive: true }));

  test.each([
    ["nothing", () => rmSync(program), "cannot be found: there is no such file"],
    ["a directory", () => instead(() => mkdirSync(program)), "is not a regular file"],
    [
      "a link to itself",
      () => instead(() => symlinkSync("s6", program)),
      "cannot be found: symbolic links go in a circle",
    ],
    ["not executable", () => chmodSync(program, 0o644), "is not executable for all users"],
    ["executable for root alone", () => chmodSync(program, 0o744), "is not executable for all users"],
    [
      "writable by a group",
      () => chmodSync(program, 0o775),
      "is writable by others (mode 0775): chmod go-w it",
    ],
  ])("%s is no backend", (_, arrange, fault) => {
    expect(programFault(program, FOREIGN)).toBeUndefined();
    arrange();
    expect(programFault(program, FOREIGN)).toBe(fault);
  });

  test.skipIf(!isRoot)(
    "somebody's own is no backend (SKIP unless root: only root can give a file away)",
    () => {
      chownSync(program, 12345, 0);
      expect(programFault(program, FOREIGN)).toBe("belongs to user 12345: chown root it");
    },
  );

  test("one of ours may be as the rest of the checkout is", () => {
    chmodSync(program, 0o775);
    const facts = machineFacts(directory);
    expect(machineOf(facts).backendFault("s6")).toBeUndefined();
    expect(machineOf(facts).backendFault(program)).toMatch(/^is writable by others/);
    chmodSync(program, 0o644);
    expect(machineOf(facts).backendFault("s6")).toMatch(/which is not executable for all users$/);
  });

  test("a name is the file beside the bundle, a path itself, none nothing", () => {
    const facts = machineFacts(directory);
    expect(["s6", "none", "/opt/x"].map((name) => backendPath(name, facts))).toEqual([program, "", "/opt/x"]);
    expect(machineOf(facts).backendFault("s6")).toBeUndefined();
    expect(machineOf(facts).backendFault(program)).toBeUndefined();
    expect(machineOf(facts).backendFault("dinit")).toBe(
      `stands for ${directory}/dinit, which cannot be found: there is no such file`,
    );
  });

  test("a backend that cannot be used is a problem of the configuration, with its place", () => {
    const file = `${directory}/sessionman.yaml`;
    writeFileSync(file, `user_services:\n  backend: s6\n  users:\n    alice: {backend: ${directory}/gone}\n`);
    chmodSync(file, 0o644);
    const loaded = loadConfiguration(file, machineFacts(directory));
    expect(loaded.ok ? [] : loaded.problems.map(formatProblem)).toEqual([
      `${file}:4:22: user_services.users.alice.backend: "${directory}/gone" cannot be found: there is no such file`,
    ]);
  });
});
