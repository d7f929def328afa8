import { expect, test } from "vitest";
import { parseConfiguration } from "../../daemon/src/config/parse.ts";
import { defaultSettings, namedGroups, toPolicy, toSettings } from "../../daemon/src/config/settings.ts";
import { BACKENDS, machine } from "./facts.ts";

const GIB = 2 ** 30;

function settingsOf(text: string, memoryBytes = 10 * GIB) {
  const parsed = parseConfiguration([{ file: "f", text }]);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return toSettings(parsed.values, machine(memoryBytes));
}

test("without a file: a tenth of the memory, an inode per 4 KiB, no limits", () => {
  expect(defaultSettings(machine(GIB))).toMatchObject({
    killUserProcesses: false,
    stopTimeoutMs: 10_000,
    sessionsMax: 8192,
    runtimeDirectories: "/run/user",
    runtimeDirectoryBytes: 107_372_544,
    runtimeDirectoryInodes: 26_214,
    defaultLimits: {},
    cgroupRoot: null,
  });
});

test("auto inodes end at 1048576", () => {
  expect(settingsOf("", 1000 * GIB).runtimeDirectoryInodes).toBe(1_048_576);
  expect(settingsOf("runtime_directory: {inodes: 2000000}").runtimeDirectoryInodes).toBe(2_000_000);
});

test("a tmpfs never has size 0, which means no limit", () => {
  expect(settingsOf("runtime_directory: {size: 1%}", 0).runtimeDirectoryBytes).toBe(4096);
});

test("limits are in the kernel's words", () => {
  const { userLimits } = settingsOf(
    "limits: {users: {alice: {memory_max: 50%, memory_high: 1048577, pids_max: 7, cpu_weight: 1, io_weight: 9}, bob: {memory_max: infinity, pids_max: infinity, cpu_weight: 100}}}",
  );
  expect(userLimits.get("alice")).toEqual({
    "memory.max": String(5 * GIB),
    "memory.high": "1048576",
    "pids.max": "7",
    "cpu.weight": "1",
    "io.weight": "9",
  });
  expect(userLimits.get("bob")).toEqual({ "memory.max": "max", "pids.max": "max", "cpu.weight": "100" });
});

test("a default that is the kernel's is not written for every user", () => {
  expect(
    settingsOf("limits: {default: {memory_max: infinity, cpu_weight: 100, io_weight: 101}}").defaultLimits,
  ).toEqual({
    "io.weight": "101",
  });
});

test("groups keep the order of the file, and one that does not exist limits nobody", () => {
  const settings = settingsOf("limits: {groups: {z: {pids_max: 1}, gone: {pids_max: 2}, a: {pids_max: 3}}}");
  expect(settings.groupLimits.map(({ name }) => name)).toEqual(["z", "gone", "a"]);
  const policy = toPolicy(
    settings,
    new Map([
      ["a", 50],
      ["z", 0],
    ]),
  );
  expect(policy.limits.groups).toEqual([
    { gid: 0, limits: { "pids.max": "1" } },
    { gid: 50, limits: { "pids.max": "3" } },
  ]);
});

test("the policy is what was configured", () => {
  const settings = settingsOf(
    `{kill_user_processes: true, kill_only_users: [a], kill_exclude_users: [b], stop_timeout: 1s, sessions_max: 9,
      sessions_max_per_user: 8, trusted_services: [c], vts: {automatic: 6, reserved: 8, getty: [/g, 9, x%t]},
      runtime_directory: {size: 1M, inodes: 99},
      limits: {default: {pids_max: 4}, users: {a: {pids_max: 5}}},
      user_services: {backend: s6, linger: no, classes: [user, greeter], root_session: true, self_linger: false,
        login_timeout: 1s, start_timeout: 2s, stop_timeout: 3s, term_timeout: 4s, starts_at_once: 5,
        groups: {g: {backend: none}}, users: {a: {linger: yes}}},
      paths: {runtime_directories: /r/u, lingering: /r/l, backend_configuration: /r/b, state_files: /r/s,
        system_bus: /r/d},
      cgroup: {root: /c/g, layout: elogind}, log: {level: error, format: json}}`,
  );
  expect(toPolicy(settings, new Map([["g", 7]]))).toEqual({
    killUserProcesses: true,
    killOnlyUsers: ["a"],
    killExcludeUsers: ["b"],
    stopTimeoutMs: 1000,
    sessionsMax: 9,
    sessionsMaxPerUser: 8,
    trustedServices: ["c"],
    vts: { automatic: 6, reserved: 8, getty: ["/g", "9", "x%t"] },
    runtimeDirectories: "/r/u",
    runtimeDirectoryBytes: 1_048_576,
    runtimeDirectoryInodes: 99,
    limits: { default: { "pids.max": "4" }, groups: [], users: new Map([["a", { "pids.max": "5" }]]) },
    services: {
      default: { backend: `${BACKENDS}/s6`, linger: "no" },
      groups: [{ gid: 7, services: { backend: "" } }],
      users: new Map([["a", { linger: "yes" }]]),
      classes: ["user", "greeter"],
      rootSession: true,
      selfLinger: false,
      loginTimeoutMs: 1000,
      startTimeoutMs: 2000,
      stopTimeoutMs: 3000,
      termTimeoutMs: 4000,
      startsAtOnce: 5,
    },
  });
  expect(settings).toMatchObject({
    cgroupRoot: "/c/g",
    cgroupLayout: "elogind",
    lingering: "/r/l",
    backendConfiguration: "/r/b",
    stateFiles: "/r/s",
    systemBus: "/r/d",
  });
  expect(settings.log).toEqual({ level: "error", format: "json" });
});

test("without a file: the backend that auto comes to, lingering as each user wants, a minute for a login", () => {
  const { services, auto, lingering, backendConfiguration } = defaultSettings(machine(GIB));
  expect(services).toEqual({
    default: { backend: `${BACKENDS}/runit`, linger: "per-user" },
    users: new Map(),
    classes: ["user", "user-early", "user-incomplete"],
    rootSession: false,
    selfLinger: true,
    loginTimeoutMs: 60_000,
    startTimeoutMs: 90_000,
    stopTimeoutMs: 20_000,
    termTimeoutMs: 10_000,
    startsAtOnce: 16,
  });
  expect(auto).toEqual({ backend: "runit", because: "process 1 is runit" });
  expect([lingering, backendConfiguration]).toEqual([
    "/var/lib/sessionman/linger",
    "/etc/sessionman/backend",
  ]);
});

test.each([
  ["none", ""],
  ["dinit", `${BACKENDS}/dinit`],
  ["auto", `${BACKENDS}/runit`],
  ["/usr/libexec/turnstile/dinit", "/usr/libexec/turnstile/dinit"],
])("the backend %s is %j", (name, path) => {
  const { services } = settingsOf(`user_services: {backend: none, users: {alice: {backend: ${name}}}}`);
  expect(services.users.get("alice")).toEqual({ backend: path });
});

test("auto on a machine without a service manager is none", () => {
  const facts = { ...machine(GIB), auto: { backend: "none", because: "nothing is installed" } } as const;
  expect(defaultSettings(facts).services.default.backend).toBe("");
});

test.each([
  ["user_services: {backend: s6}", false],
  ["user_services: {backend: s6, users: {a: {backend: auto}}}", true],
  ["user_services: {backend: s6, groups: {a: {backend: auto}}}", true],
  ["user_services: {backend: none, groups: {a: {linger: yes}}}", false],
])("%s asks for auto: %s", (text, asks) => {
  expect(settingsOf(text).auto !== null).toBe(asks);
});

test("the groups to be looked up are those with limits and those with services, each once", () => {
  const settings = settingsOf(
    "{limits: {groups: {a: {}, b: {}}}, user_services: {groups: {b: {linger: yes}, c: {}}}}",
  );
  expect(namedGroups(settings)).toEqual(
    new Map([
      ["b", "limits.groups.b"],
      ["c", "user_services.groups.c"],
      ["a", "limits.groups.a"],
    ]),
  );
});
