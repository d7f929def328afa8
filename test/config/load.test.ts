import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfiguration } from "../../daemon/src/config/load.ts";
import { defaultSettings } from "../../daemon/src/config/settings.ts";
import { formatProblem } from "../../daemon/src/config/tree.ts";
import { bundleText } from "../bundle.ts";
import { machine } from "./facts.ts";

const facts = machine(2 ** 33);
const isRoot = process.geteuid?.() === 0;
let directory = "";
let file = "";

beforeEach(() => {
  directory = fs.mkdtempSync(`${tmpdir()}/sessionman-config-`);
  file = `${directory}/sessionman.yaml`;
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

/** Readable by nobody else's leave: the umask of the test run does not matter. */
function write(path: string, content: string | Uint8Array, mode = 0o644): void {
  fs.writeFileSync(path, content);
  fs.chmodSync(path, mode);
}

function dropIn(name: string, content: string): void {
  fs.mkdirSync(`${file}.d`, { recursive: true, mode: 0o755 });
  write(`${file}.d/${name}`, content);
}

function settings() {
  const loaded = loadConfiguration(file, facts);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.settings;
}

/** With the directory's name taken out. */
function problems(): string[] {
  const loaded = loadConfiguration(file, facts);
  return loaded.ok
    ? []
    : loaded.problems.map((problem) => formatProblem(problem).replaceAll(`${directory}/`, ""));
}

describe("which files are read", () => {
  test("none: the defaults hold", () => {
    expect(settings()).toEqual(defaultSettings(facts));
  });

  test("the main file", () => {
    write(file, "sessions_max: 100\n");
    expect(settings().sessionsMax).toBe(100);
  });

  test("those beside it, in the order of their names, and only *.yaml", () => {
    write(file, "sessions_max: 1\nsessions_max_per_user: 1\n");
    dropIn("20-b.yaml", "sessions_max: 20\n");
    dropIn("10-a.yaml", "sessions_max: 10\nstop_timeout: 1s\n");
    dropIn("30-c.yaml.bak", "sessions_max: 30\n");
    dropIn(".40-d.yaml", "sessions_max: 40\n");
    expect(settings()).toMatchObject({ sessionsMax: 20, sessionsMaxPerUser: 1, stopTimeoutMs: 1000 });
  });

  test("those beside it without a main file", () => {
    dropIn("a.yaml", "sessions_max: 10\n");
    expect(settings().sessionsMax).toBe(10);
  });

  test("a symbolic link to a file, an empty file, a byte order mark", () => {
    write(`${directory}/real`, "\uFEFFsessions_max: 5\n");
    fs.symlinkSync("real", file);
    dropIn("empty.yaml", "");
    expect(settings().sessionsMax).toBe(5);
  });

  test("a byte order mark does not count as a column", () => {
    write(file, "\uFEFFsessions_max: x\n");
    expect(problems()[0]).toMatch(/^sessionman\.yaml:1:15: /);
  });

  test("a file of exactly 1 MiB", () => {
    write(file, `sessions_max: 5\n#${" ".repeat(1024 * 1024 - 17)}`);
    expect(settings().sessionsMax).toBe(5);
  });
});

describe("what is refused", () => {
  test.each([
    ["a directory", () => fs.mkdirSync(file), "is a directory"],
    ["a FIFO, without waiting for a writer", () => execFileSync("mkfifo", [file]), "is not a regular file"],
    ["a link to nothing", () => fs.symlinkSync("nothing", file), "is a symbolic link to nothing"],
    [
      "a link to itself",
      () => fs.symlinkSync("sessionman.yaml", file),
      "cannot be read: symbolic links go in a circle",
    ],
    ["more than 1 MiB", () => write(file, `#${" ".repeat(1024 * 1024)}`), "is larger than 1048576 bytes"],
    ["writable by all", () => write(file, "", 0o666), "is writable by others (mode 0666): chmod go-w it"],
    ["writable by a group", () => write(file, "", 0o664), "is writable by others (mode 0664): chmod go-w it"],
  ])("%s", (_, arrange, message) => {
    arrange();
    expect(problems()).toEqual([`sessionman.yaml: ${message}`]);
  });

  test.skipIf(!isRoot)("a file of another user (SKIP unless root: only root can give a file away)", () => {
    write(file, "");
    fs.chownSync(file, 12345, 0);
    expect(problems()).toEqual(["sessionman.yaml: belongs to user 12345: chown root it"]);
  });

  test("a directory of drop-ins that others can write", () => {
    dropIn("a.yaml", "");
    fs.chmodSync(`${file}.d`, 0o777);
    expect(problems()).toEqual(["sessionman.yaml.d: is writable by others (mode 0777): chmod go-w it"]);
  });

  test("a file in the place of the directory of drop-ins", () => {
    write(`${file}.d`, "");
    expect(problems()).toEqual(["sessionman.yaml.d: cannot be read: a part of the path is not a directory"]);
  });

  test("bytes that are not UTF-8, with their place", () => {
    write(file, Buffer.concat([Buffer.from("# é\nlog: {}\n# "), Buffer.from([0xff, 10])]));
    expect(problems()).toEqual(["sessionman.yaml:3:3: is not UTF-8 text"]);
  });

  test("every wrong file at once", () => {
    write(file, "sessions_max: x\n");
    dropIn("a.yaml", "stop_timeout: y\n");
    fs.mkdirSync(`${file}.d/b.yaml`);
    dropIn("c.yaml", "log: z\n");
    expect(problems().map((problem) => problem.split(" ")[0])).toEqual([
      "sessionman.yaml.d/b.yaml:",
      "sessionman.yaml:1:15:",
      "sessionman.yaml.d/a.yaml:1:15:",
      "sessionman.yaml.d/c.yaml:1:6:",
    ]);
  });

  test("without leaving descriptors open", () => {
    write(file, "x: [");
    const open = () => fs.readdirSync("/proc/self/fd").length;
    const before = open();
    for (let i = 0; i < 50; i++) loadConfiguration(file, facts);
    expect(open()).toBeLessThan(before + 10);
  });
});

describe("a backend that cannot be used", () => {
  const atStart = () => {
    const loaded = loadConfiguration(file, facts, "passed over");
    if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
    return loaded;
  };

  test("is no reason at start not to use the rest of the file", () => {
    write(
      file,
      `kill_user_processes: true\nuser_services: {backend: none, users: {bob: {backend: ${directory}/gone}}}\n`,
    );
    const { settings, passedOver } = atStart();
    expect(settings.killUserProcesses).toBe(true);
    expect(settings.services.users.get("bob")).toEqual({ backend: "" });
    expect(passedOver.map((problem) => formatProblem(problem).replaceAll(`${directory}/`, ""))).toEqual([
      'sessionman.yaml:2:55: user_services.users.bob.backend: "gone" cannot be found: there is no such file',
    ]);
    expect(problems()).toHaveLength(1);
  });

  test("is not run where others can write it", () => {
    write(`${directory}/open`, "#!/bin/sh\n", 0o777);
    write(file, `user_services: {backend: ${directory}/open}\n`);
    const { settings, passedOver } = atStart();
    expect(settings.services.default.backend).toBe("");
    expect(passedOver.map(formatProblem)).toEqual([expect.stringContaining("is writable by others")]);
  });
});

/** In a process of its own and bundled, as it is shipped. */
describe("--check-config", () => {
  const check = (): { code: number | null; stdout: string; stderr: string } => {
    const entry = `${import.meta.dirname}/../../daemon/src/config/load.ts`;
    const contents = `import { checkConfiguration } from ${JSON.stringify(entry)};
      process.exitCode = checkConfiguration(process.argv[2]);
      if (Object.keys(require.cache).length > 1) throw new Error("not one file");`;
    const bundle = `${directory}/bundle.cjs`;
    bundleText(contents, bundle);
    const { status, stdout, stderr } = spawnSync(process.execPath, [bundle, file], {
      encoding: "utf8",
      env: {},
    });
    return { code: status, stdout, stderr };
  };

  test("says that a right file is right", () => {
    write(file, "sessions_max: 5\n");
    expect(check()).toEqual({ code: 0, stdout: `${file}: ok\n`, stderr: "" });
  });

  test("says that there is no file, because its name may be mistyped", () => {
    expect(check()).toEqual({
      code: 0,
      stdout: `${file}: ok (there is no such file: defaults)\n`,
      stderr: "",
    });
  });

  test("says every problem, one per line, and exits with 1", () => {
    write(file, "sessions_max: x\nlog: [\n");
    const { code, stdout, stderr } = check();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^(${file}:[0-9]+:[0-9]+: .+\n)+$`));
  });
});
