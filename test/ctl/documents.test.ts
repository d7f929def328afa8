import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { records } from "../../daemon/src/control/interface.ts";
import { bareOptions } from "../../daemon/src/ctl/help.ts";
import { keyOf } from "../../daemon/src/ctl/show.ts";
import { verbs } from "../../daemon/src/ctl/verbs.ts";

const root = new URL("../../", import.meta.url).pathname;
const completions = `${root}conf/completions/`;
const manual = `${root}daemon/src/ctl/sessionctl.1.scd`;
const documents = [
  manual,
  ...["sessionctl.bash", "_sessionctl", "sessionctl.fish"].map((name) => completions + name),
];

const options = [
  ...new Set([...Object.keys(bareOptions), ...verbs.flatMap((verb) => Object.keys(verb.options))]),
];

describe.each(documents)("%s", (path) => {
  const text = readFileSync(path, "utf8");

  it.each([...verbs.map((verb) => verb.name), "help"])("has the verb %s", (verb) => {
    expect(text).toMatch(new RegExp(`(^|[\\s*'"])${verb}($|[\\s*:'")])`, "m"));
  });

  it.each(options)("has the option %s", (option) => {
    expect(text).toMatch(new RegExp(`(--|-l )${option}\\b`));
  });
});

describe.each(documents.slice(1))("%s", (path) => {
  it("has every key of show", () => {
    const text = readFileSync(path, "utf8");
    for (const name of Object.keys(records.Session)) expect(text).toMatch(new RegExp(`\\b${keyOf(name)}\\b`));
  });
});

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

/** sessionctl for the completions: one session of alice's, and bob lingers. */
const stub =
  'sessionctl() { case $1 in list) echo "7 1000 alice";; seats) echo "seat0 7 alice";; users) echo "1000 alice";; linger) echo "1001 bob";; esac; }';

function bash(...words: string[]): string[] {
  const script = `${stub}; source ${completions}sessionctl.bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sessionctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script, "bash", "sessionctl", ...words])
    .toString()
    .trim()
    .split("\n");
}

describe.skipIf(!has("bash"))("completion in bash (SKIP without bash)", () => {
  it.each([
    [["us"], ["users", "user-status", "user-log"]],
    [["user-log", "a"], ["alice"]],
    [["user-log", "-n", "1"], [""]],
    [["user-log", "--li"], ["--lines"]],
    [
      ["linger", ""],
      ["enable", "disable", "list", "import"],
    ],
    [["linger", "enable", "daemo"], ["daemon"]],
    [["linger", "disable", ""], ["bob"]],
    [["linger", "list", ""], [""]],
    [["linger", "import", "el"], ["elogind"]],
    [["linger", "import", "/us"], ["/usr"]],
    [["linger", "import", "--d"], ["--dry-run"]],
    [["import-environment", "HOM"], ["HOME"]],
    [["import-environment", "--un"], ["--unset"]],
    [["status", ""], ["7"]],
    [["activate", ""], ["7"]],
    [["explain", "/dev/nul"], ["/dev/null"]],
    [["explain", "--us"], ["--user"]],
    [["seat-status", ""], ["seat0"]],
    [
      ["switch", ""],
      ["next", "previous"],
    ],
    [["switch", "--seat", ""], ["seat0"]],
    [["attach", ""], ["seat0"]],
    [["attach", "seat0", "/dev/nul"], ["/dev/null"]],
    [["terminate-user", "a"], ["alice"]],
    [["--socket", "/x", "kil"], ["kill"]],
    [
      ["kill", "--signal", "US"],
      ["USR1", "USR2"],
    ],
    [["kill", "--whom", "=", "l"], ["leader"]],
    [["show", "-p", "CREATED_M"], ["CREATED_MONOTONIC"]],
    [["register", "--rem"], ["--remote-host"]],
    [["list", "--rem"], [""]],
    [["list", "x"], [""]],
  ])("%j: %j", (words, expected) => {
    expect(bash(...words)).toEqual(expected);
  });
});

function fish(line: string): string[] {
  const functions =
    'function sessionctl; switch $argv[1]; case list; echo "7 1000 alice - - active"; case seats; echo "seat0 7 alice"; case linger; echo "1001 bob online -"; end; end';
  const script = `${functions}; source ${completions}sessionctl.fish; complete -C '${line}'`;
  const found = execFileSync("fish", ["--no-config", "-c", script]).toString().trim().split("\n");
  return found.map((text) => text.split("\t")[0] ?? "");
}

describe.skipIf(!has("fish"))("completion in fish (SKIP without fish)", () => {
  it.each([
    ["sessionctl explai", ["explain"]],
    ["sessionctl status ", ["7"]],
    ["sessionctl seat-status ", ["seat0"]],
    ["sessionctl switch ", ["next", "previous"]],
    ["sessionctl switch --seat=", ["--seat=seat0"]],
    ["sessionctl linger ", ["disable", "enable", "import", "list"]],
    ["sessionctl linger disable ", ["bob"]],
    ["sessionctl linger list ", [""]],
    ["sessionctl linger import el", ["elogind"]],
    ["sessionctl import-environment HOM", ["HOME"]],
    ["sessionctl list ", [""]],
    ["sessionctl kill --whom=", ["--whom=all", "--whom=leader"]],
    ["sessionctl register --rem", ["--remote-host"]],
  ])("%s: %j", (line, expected) => {
    expect(fish(line).sort()).toEqual(expected);
  });
});

it.skipIf(!has("zsh"))("the zsh completion is a zsh script (SKIP without zsh)", () => {
  expect(spawnSync("zsh", ["-n", `${completions}_sessionctl`]).status).toBe(0);
});

it.skipIf(spawnSync("scdoc", { input: "" }).error !== undefined)(
  "the manual is a manual (SKIP without scdoc)",
  () => {
    const { status, stderr } = spawnSync("scdoc", { input: readFileSync(manual) });
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: "" });
  },
);
