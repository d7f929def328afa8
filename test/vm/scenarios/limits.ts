/** The limits of the configuration are in the kernel's files of each user's slice, and the kernel enforces them. */

import type { Checks } from "../check.ts";
import type { Guest, Session } from "../guest.ts";
import { until } from "../machine.ts";

const LIMITS = `
limits:
  default: {memory_max: 128M, pids_max: 300, cpu_weight: 50, io_weight: 60}
  groups:
    students: {memory_high: 96M, memory_max: 112M, pids_max: 40, io_weight: 300}
    night: {pids_max: 80, cpu_weight: 30}
  users:
    alice: {memory_max: infinity, cpu_weight: 250}
`;

const FILES = ["memory.max", "memory.high", "pids.max", "cpu.weight", "io.weight"] as const;
type Limits = Readonly<Record<(typeof FILES)[number], string>>;

const MIB = 1024 * 1024;
const NONE: Limits = {
  "memory.max": "max",
  "memory.high": "max",
  "pids.max": "max",
  "cpu.weight": "100",
  "io.weight": "default 100",
};
const DEFAULT: Limits = {
  "memory.max": String(128 * MIB),
  "memory.high": "max",
  "pids.max": "300",
  "cpu.weight": "50",
  "io.weight": "default 60",
};
const BOB: Limits = {
  "memory.max": String(112 * MIB),
  "memory.high": String(96 * MIB),
  "pids.max": "40",
  "cpu.weight": "50",
  "io.weight": "default 300",
};
const CAROL: Limits = { ...DEFAULT, "pids.max": "80", "cpu.weight": "30" };
const ALICE: Limits = { ...DEFAULT, "memory.max": "max", "cpu.weight": "250" };

export async function limits(guest: Guest, checks: Checks): Promise<void> {
  const bob = await guest.stay("bob");
  await controllers(guest, checks, bob);
  checks.equal(await limitsOf(guest, 1001), NONE, "without configuration there is no limit");

  await guest.configure(LIMITS);
  await guest.machine.sh("/etc/init.d/sessionmand reload");
  await have(guest, checks, 1001, BOB, "SIGHUP gives a logged-in user the limits of the primary group");
  const carol = await guest.stay("carol");
  await have(guest, checks, 1002, CAROL, "a supplementary group counts, too");
  const alice = await guest.stay("alice");
  await have(guest, checks, 1000, ALICE, "a user's own limits win");
  const dave = await guest.stay("dave");
  await have(guest, checks, 1003, DEFAULT, "all others have the default");

  await forks(guest, checks);
  await memory(guest, checks, [bob, carol, alice, dave]);
  await badReload(guest, checks);
  await ofSession(guest, checks);

  await guest.configure("limits: {groups: {students: {pids_max: 50}}}");
  await guest.machine.sh("/etc/init.d/sessionmand reload");
  const fifty: Limits = { ...NONE, "pids.max": "50" };
  await have(guest, checks, 1001, fifty, "a limit that is taken out goes back to the kernel's default");
  await have(guest, checks, 1000, NONE, "for everybody");
}

const limitsOf = (guest: Guest, uid: number) => limitsOfGroup(guest, guest.sliceOf(uid));

async function limitsOfGroup(guest: Guest, group: string): Promise<Limits> {
  const lines = await guest.machine.sh(
    `cd ${await guest.cgroup()}/${group} && for file in ${FILES.join(" ")}; do head -n 1 $file; done`,
  );
  const values = lines.trim().split("\n");
  return Object.fromEntries(FILES.map((file, i) => [file, values[i]])) as Limits;
}

/** A daemon that was sent SIGHUP needs a moment. */
async function have(
  guest: Guest,
  checks: Checks,
  uid: number,
  expected: Limits,
  claim: string,
): Promise<void> {
  const same = async () => JSON.stringify(await limitsOf(guest, uid)) === JSON.stringify(expected);
  await until("limits", 20, same).catch(() => {});
  checks.equal(await limitsOf(guest, uid), expected, claim);
}

async function controllers(guest: Guest, checks: Checks, { uid }: Session): Promise<void> {
  const root = await guest.cgroup();
  for (const group of ["", "user.slice", guest.sliceOf(uid)]) {
    const enabled = (await guest.read(`${root}/${group}/cgroup.subtree_control`)).split(" ");
    const wanted = ["memory", "pids", "cpu", "io"];
    checks.that(
      wanted.every((name) => enabled.includes(name)),
      `controllers are enabled in /${group}`,
      enabled,
    );
  }
}

async function forks(guest: Guest, checks: Checks): Promise<void> {
  const slice = `${await guest.cgroup()}/${guest.sliceOf(1001)}`;
  const bomb = "i=0; while [ $i -lt 200 ]; do sleep 20 & i=$((i + 1)); done; echo all";
  await guest.machine.sh(
    `setsid ssh -b 10.9.9.9 bob@10.9.9.9 'exec sh -c "${bomb.replaceAll("$", "\\$")}"' >/tmp/bomb 2>&1 </dev/null &`,
  );
  await checks.comes(
    "pids.max stops a fork bomb",
    until("a refused fork", 60, async () => (await guest.read("/tmp/bomb")).includes("fork")),
  );
  checks.equal(await guest.read(`${slice}/pids.peak`), "40", "at the number that is configured");
  const { status, output } = await guest.ssh("carol", "echo in");
  checks.that(status === 0 && output.trim() === "in", "while others can log in", output);
}

async function memory(guest: Guest, checks: Checks, others: readonly Session[]): Promise<void> {
  const slice = `${await guest.cgroup()}/${guest.sliceOf(1003)}`;
  const { status } = await guest.ssh("dave", "head -c 300M /dev/zero | tail >/dev/null");
  checks.equal(status, 137, "an allocation beyond memory.max is killed");
  const events = await guest.read(`${slice}/memory.events`);
  checks.that(/^oom_kill [1-9]/m.test(events), "by the limit of the user's slice", events);
  const after = (await guest.sessions()).filter((session) => session.state === "active").map(({ id }) => id);
  checks.that(
    others.every(({ id }) => after.includes(id)),
    "and no other session is lost, not even of that user",
    after,
  );
}

async function badReload(guest: Guest, checks: Checks): Promise<void> {
  await guest.configure("limits: {default: {pids_max: many}}");
  const reload = await guest.machine.run("/etc/init.d/sessionmand reload");
  checks.that(
    reload.status !== 0 && reload.output.includes("sessionman.yaml:1:"),
    "reload refuses a bad file",
    reload,
  );
  await guest.machine.sh("kill -HUP $(cat /run/sessionmand.pid)");
  await guest.machine.sh("sessionctl list");
  checks.equal(await limitsOf(guest, 1002), CAROL, "and SIGHUP with a bad file changes nothing");
}

/** What another module of the PAM stack leaves is in the files of the session's own scope. */
async function ofSession(guest: Guest, checks: Checks): Promise<void> {
  const left =
    "systemd.memory_max=50% systemd.tasks_max=30 systemd.cpu_weight=20 systemd.io_weight=7 systemd.runtime_max_sec=20";
  await guest.machine.sh(
    `cp /etc/pam.d/sshd /tmp/sshd && sed -i '1i session required /vm/set_data.so ${left}' /etc/pam.d/sshd`,
  );
  const others = (await guest.sessions()).map(({ id }) => id);
  await guest.machine.sh(
    "setsid ssh -tt -b 10.9.9.9 dave@10.9.9.9 'exec sleep 3600' >/dev/null 2>&1 </dev/null &",
  );
  const limited = await guest.session("dave", ({ id, state }) => !others.includes(id) && state !== "opening");
  await guest.machine.sh("cp /tmp/sshd /etc/pam.d/sshd");
  const memory = Number(/MemTotal: +([0-9]+) kB/.exec(await guest.read("/proc/meminfo"))?.[1]) * 512;
  const found = await limitsOfGroup(guest, `${guest.sliceOf(1003)}/session-${limited.id}.scope`);
  const half = Number(found["memory.max"]);
  checks.that(Math.abs(half - memory) < MIB, "a session's memory.max is a share of the machine's memory", {
    half,
    memory,
  });
  checks.equal(
    { ...found, "memory.max": "" },
    {
      "memory.max": "",
      "memory.high": "max",
      "pids.max": "30",
      "cpu.weight": "20",
      "io.weight": "default 7",
    },
    "and the rest is in its scope, too",
  );
  checks.equal(await limitsOf(guest, 1003), DEFAULT, "the user's slice has its own");
  await checks.comes(
    "a session that may last 20 s is terminated",
    until("the end", 90, async () => !(await guest.sessions()).some(({ id }) => id === limited.id)),
  );
}
