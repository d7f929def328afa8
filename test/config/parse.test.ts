import { describe, expect, test } from "vitest";
import { parseConfiguration } from "../../daemon/src/config/parse.ts";
import { formatProblem } from "../../daemon/src/config/tree.ts";

/** What the administrator reads; the file is called "f". */
function problemsOf(...texts: string[]): string[] {
  const parsed = parseConfiguration(
    texts.map((text, i) => ({ file: i === 0 ? "f" : `f.d/${i}.yaml`, text })),
  );
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

function valuesOf(...texts: string[]) {
  const parsed = parseConfiguration(texts.map((text) => ({ file: "f", text })));
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join("\n"));
  return parsed.values;
}

const MEMORY =
  "a size of at least 1M in bytes or with K, M, G or T, such as 512M, or a percentage of the memory, such as 10%, or infinity";
const SIZE =
  "a size of at least 64K in bytes or with K, M, G or T, such as 512M, or a percentage of the memory, such as 10%";
const TIME = "a time from 0s to 1h, such as 500ms, 10s or 2min";
const PIDS = "a number from 1 to 4194304 or infinity";
const PATH = "an absolute path without empty, . or .. parts and without / at its end";
const SERVICE = "the name of a PAM service, such as gdm-password";
const USER = "a user name (not a number)";

const wrongValues: [string, string][] = [
  ["kill_user_processes: yes", 'f:1:22: kill_user_processes: "yes" is not true or false: write true'],
  ["kill_user_processes: Off", 'f:1:22: kill_user_processes: "Off" is not true or false: write false'],
  ["kill_user_processes: 1", 'f:1:22: kill_user_processes: "1" is not true or false: write true'],
  [
    'kill_user_processes: "true"',
    'f:1:22: kill_user_processes: "true" is not true or false: write true without quotes',
  ],
  ["kill_user_processes: maybe", 'f:1:22: kill_user_processes: "maybe" is not true or false'],
  ["kill_user_processes:", "f:1:1: kill_user_processes: no value is not true or false"],
  ["kill_user_processes: ~", "f:1:22: kill_user_processes: no value is not true or false"],
  ["kill_user_processes: [true]", "f:1:22: kill_user_processes: a list is not true or false"],
  ["kill_user_processes: {a: 1}", "f:1:22: kill_user_processes: a map is not true or false"],
  ["stop_timeout: 10", `f:1:15: stop_timeout: "10" is not ${TIME}: add a unit: 10s`],
  ["stop_timeout: 61min", `f:1:15: stop_timeout: "61min" is not ${TIME}`],
  ["stop_timeout: -1s", `f:1:15: stop_timeout: "-1s" is not ${TIME}`],
  ["stop_timeout: 1.5s", `f:1:15: stop_timeout: "1.5s" is not ${TIME}`],
  ["stop_timeout: 10 s", `f:1:15: stop_timeout: "10 s" is not ${TIME}`],
  ["stop_timeout: 99999999999999999999s", `f:1:15: stop_timeout: "99999999999999999999s" is not ${TIME}`],
  ["sessions_max: 0", 'f:1:15: sessions_max: "0" is not a number from 1 to 65536'],
  ["sessions_max: 65537", 'f:1:15: sessions_max: "65537" is not a number from 1 to 65536'],
  ["sessions_max: 0x10", 'f:1:15: sessions_max: "0x10" is not a number from 1 to 65536'],
  ["sessions_max: 1e3", 'f:1:15: sessions_max: "1e3" is not a number from 1 to 65536'],
  ["sessions_max: 010", 'f:1:15: sessions_max: "010" is not a number from 1 to 65536'],
  ["sessions_max: +5", 'f:1:15: sessions_max: "+5" is not a number from 1 to 65536'],
  ["sessions_max: 5.0", 'f:1:15: sessions_max: "5.0" is not a number from 1 to 65536'],
  ["sessions_max: .inf", 'f:1:15: sessions_max: ".inf" is not a number from 1 to 65536'],
  ['sessions_max: ""', 'f:1:15: sessions_max: "" is not a number from 1 to 65536'],
  ["kill_only_users: alice", 'f:1:18: kill_only_users: "alice" is not a list: write [] or [ONE, TWO]'],
  ["kill_only_users:", "f:1:1: kill_only_users: no value is not a list: write [] or [ONE, TWO]"],
  ["kill_only_users: {a: b}", "f:1:18: kill_only_users: a map is not a list: write [] or [ONE, TWO]"],
  [
    "kill_only_users:\n  - alice\n  - 1000",
    `f:3:5: kill_only_users[1]: "1000" is not ${USER}: YAML reads it as a number`,
  ],
  ['kill_only_users: ["1000"]', `f:1:19: kill_only_users[0]: "1000" is not ${USER}`],
  [
    "kill_only_users: [true]",
    `f:1:19: kill_only_users[0]: "true" is not ${USER}: YAML reads it as a boolean, put it in quotes`,
  ],
  ["kill_only_users: [a, [b]]", `f:1:22: kill_only_users[1]: a list is not ${USER}`],
  ["kill_only_users: [-x]", `f:1:19: kill_only_users[0]: "-x" is not ${USER}`],
  ['kill_only_users: [".."]', `f:1:19: kill_only_users[0]: ".." is not ${USER}`],
  ["kill_only_users: [a/b]", `f:1:19: kill_only_users[0]: "a/b" is not ${USER}`],
  ['kill_only_users: ["a\\e[31m"]', `f:1:19: kill_only_users[0]: "a\\u{1b}[31m" is not ${USER}`],
  ["trusted_services: [../su]", `f:1:20: trusted_services[0]: "../su" is not ${SERVICE}`],
  ["runtime_directory: {size: 63K}", `f:1:27: runtime_directory.size: "63K" is not ${SIZE}`],
  ["runtime_directory: {size: 0%}", `f:1:27: runtime_directory.size: "0%" is not ${SIZE}`],
  ["runtime_directory: {size: 101%}", `f:1:27: runtime_directory.size: "101%" is not ${SIZE}`],
  ["runtime_directory: {size: infinity}", `f:1:27: runtime_directory.size: "infinity" is not ${SIZE}`],
  ["runtime_directory: {size: 512MB}", `f:1:27: runtime_directory.size: "512MB" is not ${SIZE}`],
  ["runtime_directory: {size: 9999999T}", `f:1:27: runtime_directory.size: "9999999T" is not ${SIZE}`],
  [
    "runtime_directory:\n  inodes: 15",
    'f:2:11: runtime_directory.inodes: "15" is not a number from 16 to 16777216 or auto',
  ],
  ["runtime_directory: auto", 'f:1:20: runtime_directory: "auto" is not a map of size, inodes'],
  [
    "limits:\n  users:\n    alice:\n      pids_max: lots",
    `f:4:17: limits.users.alice.pids_max: "lots" is not ${PIDS}`,
  ],
  ["limits: {default: {pids_max: 4194305}}", `f:1:30: limits.default.pids_max: "4194305" is not ${PIDS}`],
  ["limits: {default: {memory_max: 1023K}}", `f:1:32: limits.default.memory_max: "1023K" is not ${MEMORY}`],
  [
    "limits: {groups: {g: {memory_high: max}}}",
    `f:1:36: limits.groups.g.memory_high: "max" is not ${MEMORY}`,
  ],
  [
    "limits: {default: {cpu_weight: 0}}",
    'f:1:32: limits.default.cpu_weight: "0" is not a number from 1 to 10000',
  ],
  [
    "limits: {default: {io_weight: 10001}}",
    'f:1:31: limits.default.io_weight: "10001" is not a number from 1 to 10000',
  ],
  ["limits: {users: {1000: {}}}", `f:1:18: limits.users.1000: "1000" is not ${USER}`],
  ["limits: {groups: [wheel]}", "f:1:18: limits.groups: a list is not a map of names"],
  [
    "limits: {users: {alice: 5}}",
    'f:1:25: limits.users.alice: "5" is not a map of memory_max, memory_high, pids_max, cpu_weight, io_weight',
  ],
  ["cgroup: {root: sys/fs}", `f:1:16: cgroup.root: "sys/fs" is not auto or ${PATH}`],
  [
    "paths: {runtime_directories: /run/../etc}",
    `f:1:30: paths.runtime_directories: "/run/../etc" is not ${PATH}`,
  ],
  [
    "paths: {runtime_directories: /run/user/}",
    `f:1:30: paths.runtime_directories: "/run/user/" is not ${PATH}`,
  ],
  ["paths: {runtime_directories: /}", `f:1:30: paths.runtime_directories: "/" is not ${PATH}`],
  ["paths: {lingering: linger}", `f:1:20: paths.lingering: "linger" is not ${PATH}`],
  ["log: {level: yes}", 'f:1:14: log.level: "yes" is not debug, info, warn or error'],
  ["log: {level: true}", 'f:1:14: log.level: "true" is not debug, info, warn or error'],
  ["cgroup: {layout: flat}", 'f:1:18: cgroup.layout: "flat" is not systemd or elogind'],
  ["log: {level: trace}", 'f:1:14: log.level: "trace" is not debug, info, warn or error'],
  ["log: {format: text}", 'f:1:15: log.format: "text" is not auto, json or human'],
];

const wrongKeys: [string, string[]][] = [
  ["kill_user_proceses: true", ["f:1:1: kill_user_proceses: unknown key; did you mean kill_user_processes?"]],
  ["KillUserProcesses: true", ["f:1:1: KillUserProcesses: unknown key; did you mean kill_user_processes?"]],
  ["stop-timeout: 1s", ["f:1:1: stop-timeout: unknown key; did you mean stop_timeout?"]],
  ["log:\n  levle: info", ["f:2:3: log.levle: unknown key; did you mean level?"]],
  ["log: {colour: red}", ["f:1:7: log.colour: unknown key; the keys here are level, format"]],
  ["log: {__proto__: {}}", ["f:1:7: log.__proto__: unknown key; the keys here are level, format"]],
  ["log: {constructor: 1}", ["f:1:7: log.constructor: unknown key; the keys here are level, format"]],
  ["stop_timeout: 1s\n\nstop_timeout: 2s", ["f:3:1: stop_timeout: given twice, first in line 1"]],
  ["limits: {users: {a: {}, a: {}}}", ["f:1:25: limits.users.a: given twice, first in line 1"]],
  [
    '"a\\e]0;x": 1\nlog: {levle: 1}',
    [
      expect.stringMatching(/^f:1:1: a\\u\{1b\}\]0;x: unknown key; the keys here are kill_user_processes, /),
      "f:2:7: log.levle: unknown key; did you mean level?",
    ],
  ],
];

const wrongYaml: [string, string, string[]][] = [
  ["tab", "log:\n\tlevel: info", ["f:2:1: a tab is used for indentation: use spaces"]],
  [
    "two documents",
    "log: {}\n---\nlog: {}",
    ["f:2:1: a second document begins here: put everything into one"],
  ],
  ["YAML 1.1", "%YAML 1.1\n---\nlog: {}", ["f:1:1: only YAML 1.2 is read: remove the %YAML line"]],
  [
    "only text",
    "nonsense",
    [expect.stringMatching(/^f:1:1: "nonsense" is not a map of kill_user_processes, /)],
  ],
  ["only a list", "- a", [expect.stringMatching(/^f:1:1: a list is not a map of /)]],
  ["a list as key", "? [a]\n: 1", ["f:1:3: a key must be plain text"]],
  [
    "open bracket",
    "kill_only_users: [a, b",
    [expect.stringMatching(/^f:1:23: not valid YAML: Flow sequence /)],
  ],
  ["bad escape", 'log: {level: "\\q"}', [expect.stringMatching(/^f:1:15: not valid YAML: Invalid escape/)]],
  [
    "tag",
    "stop_timeout: !!str 10s",
    ["f:1:21: stop_timeout: tags are not read: remove the word that begins with !"],
  ],
  [
    "alias",
    "kill_only_users: &a [x]\nkill_exclude_users: *a",
    ['f:2:21: kill_exclude_users: aliases are not read: write the value instead of "*a"'],
  ],
];

describe("a wrong configuration is refused", () => {
  test.each(wrongValues)("%s", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test.each(wrongKeys)("%s", (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test.each(wrongYaml)("%s", (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test("with everything that is wrong in every file, in the order of the lines", () => {
    const first = "log: {level: 5, format: 6}\nstop_timeout: x\n";
    const second = "sesions_max: 5\nsessions_max: -5\n";
    expect(problemsOf(first, second).map((problem) => problem.split(" is not ")[0])).toEqual([
      'f:1:14: log.level: "5"',
      'f:1:25: log.format: "6"',
      'f:2:15: stop_timeout: "x"',
      "f.d/1.yaml:1:1: sesions_max: unknown key; did you mean sessions_max?",
      'f.d/1.yaml:2:15: sessions_max: "-5"',
    ]);
  });

  test("even where a later file replaces what is wrong", () => {
    expect(problemsOf("stop_timeout: x", "stop_timeout: 1s")).toHaveLength(1);
  });

  test("with at most 100 problems of a file and the number of the others", () => {
    const problems = problemsOf(Array.from({ length: 120 }, (_, i) => `k${i}: 1`).join("\n"));
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toBe("f: 20 more problems");
  });

  test("with a short quotation of a long value", () => {
    expect(problemsOf(`sessions_max: ${"9".repeat(1000)}`)[0]).toHaveLength(121);
  });

  test.each([
    ["[", 32],
    ["{a: ", 125],
    ["- ", 63],
    ["? ", 63],
  ])("when nested too deeply: %s", (opening, column) => {
    expect(problemsOf(opening.repeat(200_000))).toEqual([`f:1:${column}: nested too deeply`]);
  });

  test.each(["a:\n", "]", "- a\n", "&a "])("when it is far too much: %j", (part) => {
    const problems = problemsOf(part.repeat((1024 * 1024) / part.length));
    expect(problems).toEqual([expect.stringMatching(/^f:\d+:\d+: too much for a configuration file$/)]);
  });

  test("when aliases would multiply, without multiplying them", () => {
    const names = "bcdefghijk".split("");
    const text = [
      "a: &a [x]",
      ...names.map((n, i) => `${n}: &${n} [${"abcdefghij"[i]}, ${`*${"abcdefghij"[i]},`.repeat(10)}]`),
    ];
    expect(problemsOf(text.join("\n")).length).toBeGreaterThan(10);
  });
});

describe("a right configuration", () => {
  test.each(["", "\n", "# nothing", "---\n", "log:", "limits: {default:, users:}", "\r\n# x\r\n"])(
    "%j has the defaults",
    (text) => {
      expect(valuesOf(text)).toEqual(valuesOf());
    },
  );

  test.each([
    ["stop_timeout: 0s", 0],
    ["stop_timeout: 500ms", 500],
    ["stop_timeout: '2min'", 120_000],
    ["stop_timeout: 1h", 3_600_000],
  ])("%s", (text, expected) => {
    expect(valuesOf(text).stop_timeout).toBe(expected);
  });

  test.each([
    ["64K", { bytes: 65_536 }],
    ["65536", { bytes: 65_536 }],
    ["3G", { bytes: 3_221_225_472 }],
    ["1T", { bytes: 1_099_511_627_776 }],
    ["1%", { percent: 1 }],
    ["100%", { percent: 100 }],
  ])("size %s", (text, expected) => {
    expect(valuesOf(`runtime_directory: {size: ${text}}`).runtime_directory.size).toEqual(expected);
  });

  test.each([1, 65_536])("sessions_max at its limit %d", (count) => {
    expect(valuesOf(`sessions_max: ${count}`).sessions_max).toBe(count);
  });

  test.each(["true", "True", "TRUE"])("%s is true", (text) => {
    expect(valuesOf(`kill_user_processes: ${text}`).kill_user_processes).toBe(true);
  });

  test("takes odd but possible names", () => {
    const users = ["müller", "DOMAIN\\bob", "a.b_c-d", "machine$", "true", "x y"];
    expect(valuesOf(`kill_only_users: ${JSON.stringify(users)}`).kill_only_users).toEqual(users);
  });

  test("merges sections entry by entry and replaces lists", () => {
    const values = valuesOf(
      "limits: {groups: {b: {pids_max: 1}, a: {pids_max: 2}}}\nkill_only_users: [x]\nlog: {level: warn}",
      "limits: {groups: {b: {cpu_weight: 3}, c: {}}}\nkill_only_users: [y]\nlog: {format: json}",
      "limits:\nlog:",
    );
    expect([...values.limits.groups]).toEqual([
      ["b", { pids_max: 1, cpu_weight: 3 }],
      ["a", { pids_max: 2 }],
      ["c", {}],
    ]);
    expect(values.kill_only_users).toEqual(["y"]);
    expect(values.log).toEqual({ level: "warn", format: "json" });
  });
});
