/** Service managers where only the real kernel can tell: who owns what, what a hostile user leaves, what runs out. */

import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ManagerNews } from "../../daemon/src/core/model.ts";
import {
  awhile,
  CGROUP,
  endChildren,
  makeRig,
  noCgroup,
  openFds,
  type Rig,
  startProcess,
  until,
} from "./rig.ts";
import { FakeKeeper, type FakeRunner } from "./runner.ts";

const UID = 66_000;
const GID = 66_100;
const SLICE = `${CGROUP}/user.slice/user-${UID}.slice`;
const SERVICE = `${SLICE}/user@${UID}.service`;
const HOLDER = `${SLICE}/sessionman-run@${UID}.service`;
const ORDER = { uid: UID, gid: GID, user: "alice", backend: "/usr/lib/sessionman/backends/none" };

describe.skipIf(noCgroup)(`a service manager ${noCgroup || ""}`, () => {
  let keeper: FakeKeeper;
  let rig: Rig;
  let news: ManagerNews[];
  let cleaned: number;
  const told = (each: ManagerNews) => void news.push(each);
  const clean = () =>
    rig.kernel.cleanManager(UID, () => {
      cleaned += 1;
    });
  const runner = async (): Promise<FakeRunner> => {
    rig.kernel.startManager(ORDER, told);
    const known = keeper.runners.length;
    await until("a sessionman-run", () => keeper.runners.length > known);
    const started = keeper.runners.at(-1) as FakeRunner;
    await started.begin();
    return started;
  };
  const asUser = (script: string) =>
    execFileSync(
      "setpriv",
      ["--reuid", `${UID}`, "--regid", `${GID}`, "--clear-groups", "sh", "-c", script],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      },
    );

  beforeEach(() => {
    keeper = new FakeKeeper();
    rig = makeRig({ channel: keeper.channel });
    rig.kernel.createSlice(UID, {});
    news = [];
    cleaned = 0;
  });
  afterEach(async () => {
    keeper.asleep = false;
    rig.kernel.killManager(UID);
    const before = cleaned;
    clean();
    await until("the end", () => cleaned > before, 10_000);
    rig.kernel.removeSlice(UID);
    keeper.end();
    rig.kernel.close();
    endChildren();
    expect(existsSync(SLICE)).toBe(false);
  });

  it("is ordered with all that sessionman-run needs", async () => {
    const { group, given } = await runner();
    expect(group).toBe(HOLDER);
    expect(Object.fromEntries(given)).toEqual({
      uid: String(UID),
      gid: String(GID),
      user: "alice",
      backend: ORDER.backend,
      config: "/etc/sessionman/backend",
      runtime: `${rig.user}/${UID}`,
      group: SERVICE,
      ready: `${rig.run}/managers/${UID}.ready`,
      log: `${rig.run}/managers/${UID}.log`,
    });
  });

  it("listens where only root may connect, in a directory that only root may list and change", async () => {
    await runner();
    const socket = lstatSync(`${rig.run}/managers/${UID}.sock`);
    expect([socket.isSocket(), socket.mode & 0o7777, socket.uid]).toEqual([true, 0o600, 0]);
    expect(statSync(`${rig.run}/managers`).mode & 0o7777).toBe(0o711);
    expect(readdirSync(`${rig.run}/managers`)).toEqual([`${UID}.sock`]);
  });

  it("has groups that the user may divide, and no others", async () => {
    await runner();
    const delegated = readFileSync("/sys/kernel/cgroup/delegate", "utf8").trim().split("\n");
    for (const group of [SERVICE, `${SERVICE}/init.scope`]) {
      expect([statSync(group).uid, statSync(group).gid]).toEqual([UID, GID]);
      for (const file of readdirSync(group).filter((name) => !statSync(`${group}/${name}`).isDirectory()))
        expect([file, statSync(`${group}/${file}`).uid]).toEqual([file, delegated.includes(file) ? UID : 0]);
    }
    expect(statSync(HOLDER).uid).toBe(0);
    expect(statSync(`${HOLDER}/cgroup.procs`).uid).toBe(0);
    expect(asUser(`mkdir ${SERVICE}/app && echo made`)).toBe("made\n");
    expect(() => asUser(`mkdir ${HOLDER}/app`)).toThrow(/denied/);
    expect(() => asUser(`echo 0 > ${SLICE}/cgroup.procs`)).toThrow(/denied/);
    expect(() => asUser(`echo 7 > ${SERVICE}/cgroup.max.depth`)).toThrow(/denied/);
  });

  it("is removed with whatever groups the user made, however they are named and nested", async () => {
    const one = await runner();
    await one.fork();
    asUser(`
      cd ${SERVICE} && mkdir "$(printf 'a\\377b')" 'with space' .hidden
      mkdir "$(printf 'a\\377b')/deeper"
      while mkdir d 2>/dev/null && cd d; do :; done`);
    const names = execFileSync("sh", [
      "-c",
      `cd ${SERVICE}; i=0; while [ $i -lt 300 ]; do mkdir many$i; i=$((i+1)); done`,
    ]);
    expect(names).toHaveLength(0);
    rig.kernel.killManager(UID);
    clean();
    await until("it is clean", () => cleaned === 1, 10_000);
    expect(existsSync(SERVICE)).toBe(false);
    expect(existsSync(HOLDER)).toBe(false);
  });

  it("may nest groups only as deep as they can be removed, and not make any number", async () => {
    await runner();
    const depth = asUser(
      `cd ${SERVICE}; n=0; while mkdir d 2>/dev/null && cd d; do n=$((n+1)); done; echo $n`,
    );
    expect(Number(depth)).toBe(64);
    expect(readFileSync(`${SERVICE}/cgroup.max.descendants`, "utf8").trim()).toBe("16384");
  });

  it("ends with every process that it left, also those that fork without end", async () => {
    const one = await runner();
    await one.fork();
    const bomb = await startProcess(
      "prlimit",
      ...[
        "--nproc=150:150",
        "setpriv",
        "--reuid",
        `${UID}`,
        "--regid",
        `${GID}`,
        "--clear-groups",
        "sh",
        "-c",
      ],
      `read -r go; f() { f & f & }; while :; do f; done`,
    );
    writeFileSync(`${SERVICE}/init.scope/cgroup.procs`, String(bomb.pid));
    bomb.stdin?.write("go\n");
    await until("many", () => rig.kernel.sliceProcesses(UID).length > 50);
    one.end("exit code 0");
    await until("the end", () => news.at(-1)?.state === "ended");
    clean();
    await until("it is clean", () => cleaned === 1, 20_000);
    expect(rig.kernel.sliceProcesses(UID)).toEqual([]);
  });

  it("is frozen in vain", async () => {
    const one = await runner();
    const pid = await one.fork();
    asUser(`mkdir ${SERVICE}/ice`);
    writeFileSync(`${SERVICE}/ice/cgroup.procs`, String(pid));
    asUser(`echo 1 > ${SERVICE}/ice/cgroup.freeze`);
    rig.kernel.killManager(UID);
    clean();
    await until("it is clean", () => cleaned === 1, 10_000);
  });

  it("gives the holder of the PAM session five seconds, then kills it, too", async () => {
    const one = await runner();
    const pid = await one.fork();
    one.deaf = true;
    const begun = performance.now();
    rig.kernel.killManager(UID);
    clean();
    await until("the end of the manager", () => !existsSync(SERVICE));
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
    expect(existsSync(HOLDER)).toBe(true);
    expect(cleaned).toBe(0);
    await until("it is clean", () => cleaned === 1, 10_000);
    expect(performance.now() - begun).toBeGreaterThan(4_900);
    expect(existsSync(HOLDER)).toBe(false);
    one.deaf = false;
  });

  it("is cleaned by the next daemon when one ends in the middle", async () => {
    const one = await runner();
    await one.fork();
    one.deaf = true;
    rig.kernel.killManager(UID);
    clean();
    await until("the end of the manager", () => !existsSync(SERVICE));
    keeper.again();
    rig.restart(keeper.channel);
    expect(rig.kernel.managers().map(({ uid }) => uid)).toEqual([UID]);
    one.deaf = false;
    one.exit();
    clean();
    await until("it is clean", () => cleaned === 1);
    expect(rig.kernel.managers()).toEqual([]);
  });

  it("is found when the daemon ended between order and start, and carried out", async () => {
    keeper.asleep = true;
    rig.kernel.startManager(ORDER, told);
    rig.kernel.close();
    keeper.asleep = false;
    keeper.again();
    expect(keeper.runners).toHaveLength(1);
    rig.restart(keeper.channel);
    expect(rig.kernel.managers()).toEqual([{ uid: UID, alive: true }]);
    rig.kernel.adoptManager(UID, told);
    await until("its state", () => news.length > 0);
    expect(news).toEqual([{ state: "starting", pid: 0, message: "" }]);
  });

  it("is dead when the daemon ended before the order", () => {
    keeper.asleep = true;
    rig.kernel.startManager(ORDER, told);
    keeper.lose();
    keeper.asleep = false;
    rig.restart(keeper.channel);
    expect(rig.kernel.managers()).toEqual([{ uid: UID, alive: false }]);
  });

  it("takes the place of what a crash left", async () => {
    mkdirSync(`${SERVICE}/left`, { recursive: true });
    writeFileSync(`${rig.run}/managers/${UID}.sock.new`, "");
    writeFileSync(`${rig.run}/managers/${UID}.sock`, "");
    keeper.again();
    rig.restart(keeper.channel);
    expect(rig.kernel.managers()).toEqual([{ uid: UID, alive: false }]);
    const one = await runner();
    await one.fork();
    expect(existsSync(`${SERVICE}/left`)).toBe(false);
    expect(lstatSync(`${rig.run}/managers/${UID}.sock`).isSocket()).toBe(true);
  });

  it("is not started among processes that are left", async () => {
    const { pid } = await startProcess("sleep", "1000");
    mkdirSync(SERVICE);
    writeFileSync(`${SERVICE}/cgroup.procs`, String(pid));
    expect(() => rig.kernel.startManager(ORDER, told)).toThrow(/EBUSY/);
  });

  it("is not started without room for its socket, and leaves no descriptor", async () => {
    const before = openFds();
    execFileSync("mount", ["-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs", `${rig.run}/managers`]);
    try {
      expect(() => rig.kernel.startManager(ORDER, told)).toThrow(/ENOSPC/);
    } finally {
      execFileSync("umount", [`${rig.run}/managers`]);
    }
    expect(openFds()).toBe(before);
    await awhile();
    expect(news).toEqual([]);
  });

  it("is not started without descriptors, and leaves none", () => {
    keeper.asleep = true;
    const outcomes: string[] = [];
    const before = openFds();
    for (let spare = 0; spare < 5; spare += 1) {
      const hoard = takeAllDescriptors();
      for (const fd of hoard.splice(0, spare)) closeSync(fd);
      try {
        rig.kernel.startManager(ORDER, told);
        outcomes.push("");
      } catch (error) {
        outcomes.push((error as Error).message);
      }
      for (const fd of hoard) closeSync(fd);
      if (outcomes.at(-1) === "") break;
      for (const group of [`${SERVICE}/init.scope`, SERVICE]) rmdirSync(group);
    }
    expect(outcomes).toEqual([
      expect.stringMatching(/^open .*EMFILE/),
      expect.stringMatching(/^socket .*EMFILE/),
      "",
    ]);
    // the connection; the listening socket is on its way
    expect(openFds()).toBe(before + 1);
    expect(rig.kernel.managers()).toEqual([{ uid: UID, alive: true }]);
  });

  it("stumbles over nothing that lies among the files", () => {
    mkdirSync(`${rig.run}/managers/1.sock.new`);
    for (const name of ["01.sock", "65535.sock", "x.sock", "4294967296.sock", "7.ready"])
      writeFileSync(`${rig.run}/managers/${name}`, "");
    expect(rig.kernel.managers()).toEqual([]);
    mkdirSync(`${rig.run}/managers/${UID}.ready`);
    expect(rig.warnings).toEqual([expect.stringMatching(/1\.sock\.new: EISDIR/)]);
  });

  it("is not taken for dead while there is no descriptor to ask with", async () => {
    const one = await runner();
    const pid = await one.fork();
    keeper.again();
    rig.restart(keeper.channel);
    news = [];
    const hoard = takeAllDescriptors();
    try {
      rig.kernel.adoptManager(UID, told);
    } finally {
      for (const fd of hoard) closeSync(fd);
    }
    await until("its state", () => news.length > 0);
    expect(news).toEqual([{ state: "starting", pid, message: "" }]);
  });

  it("hears nonsense, and goes on", async () => {
    const one = await runner();
    const pid = await one.fork();
    await until("its pid", () => news.length > 0);
    one.sendRaw("nonsense\0");
    one.sendRaw("ready\0-1\0");
    one.sendRaw("running\0 1\0\0");
    one.sendRaw("ready");
    one.sendRaw("x".repeat(40_000));
    one.say("ready", String(pid));
    await until("the next state", () => news.at(-1)?.state === "ready");
    expect(rig.warnings.filter((line) => line.includes("no news"))).toHaveLength(5);
  });

  it("gets orders later when it does not read", async () => {
    const one = await runner();
    one.deaf = true;
    const big = new Map([["BIG", "x".repeat(60_000)]]);
    for (let i = 0; i < 20; i += 1) rig.kernel.tellEnvironment(UID, big, []);
    rig.kernel.orderManager(UID, "stop");
    one.deaf = false;
    await until("all orders", () => one.orders.length === 21);
    expect(one.orders.at(-1)).toEqual(["stop"]);
  });

  it("waits in line when the keeper is busy, without being lost", async () => {
    const uids = Array.from({ length: 150 }, (_, i) => UID + 1 + i);
    keeper.asleep = true;
    for (const uid of uids) {
      rig.kernel.createSlice(uid, {});
      rig.kernel.startManager({ ...ORDER, uid }, told);
    }
    keeper.asleep = false;
    await until("all of them", () => keeper.runners.length === uids.length, 20_000);
    expect(keeper.runners.map(({ given }) => Number(given.get("uid")))).toEqual(uids);
    let done = 0;
    for (const one of keeper.runners) one.exit();
    const finished = () => {
      done += 1;
    };
    for (const uid of uids) rig.kernel.cleanManager(uid, finished);
    await until("the end of all", () => done === uids.length, 20_000);
    for (const uid of uids) rig.kernel.removeSlice(uid);
    expect(readdirSync(`${CGROUP}/user.slice`).filter((name) => name.startsWith("user-66"))).toEqual([
      `user-${UID}.slice`,
    ]);
  });

  it("leaves no descriptor behind, a thousand times over", async () => {
    const cycle = async () => {
      const before = cleaned;
      rig.kernel.startManager(ORDER, told);
      keeper.pump();
      (keeper.runners.pop() as FakeRunner).end("exit code 0");
      clean();
      await until("it is clean", () => cleaned > before);
    };
    for (let i = 0; i < 10; i += 1) await cycle();
    const before = openFds();
    for (let i = 0; i < 1000; i += 1) await cycle();
    expect(openFds()).toBe(before);
    expect(readdirSync(`${rig.run}/managers`)).toEqual([]);
  });
});

function takeAllDescriptors(): number[] {
  const hoard: number[] = [];
  try {
    for (;;) hoard.push(openSync("/dev/null", "r"));
  } catch {
    return hoard;
  }
}

describe.skipIf(noCgroup)(`the log of a service manager ${noCgroup || ""}`, () => {
  const path = (rig: Rig, end = "") => `${rig.run}/managers/${UID}.log${end}`;

  it("is the end of both files, from the beginning of a line", () => {
    const rig = makeRig();
    const line = `${"x".repeat(99)}\n`;
    writeFileSync(path(rig, ".1"), `first\n${line.repeat(600)}`);
    writeFileSync(path(rig), `${line.repeat(300)}last, not ended`);
    const log = rig.kernel.managerLog(UID);
    expect(log.length).toBeLessThanOrEqual(65_536);
    expect(log.length).toBeGreaterThan(65_000);
    expect(log.startsWith("xxx")).toBe(true);
    expect(log.endsWith("\nlast, not ended")).toBe(true);
    expect((log.length - "last, not ended".length) % line.length).toBe(0);
    rig.kernel.eraseManager(UID);
    expect(readdirSync(`${rig.run}/managers`)).toEqual([]);
    rig.kernel.close();
  });

  it("does not follow links, wait for pipes or stumble over bytes", () => {
    const rig = makeRig();
    execFileSync("ln", ["-s", "/etc/passwd", path(rig)]);
    execFileSync("mkfifo", [path(rig, ".1")]);
    expect(rig.kernel.managerLog(UID)).toBe("");
    rig.kernel.eraseManager(UID);
    writeFileSync(path(rig), Buffer.from([0x61, 0xff, 0x62, 0x0a]));
    expect(rig.kernel.managerLog(UID)).toBe("a\ufffdb\n");
    rig.kernel.close();
  });
});

describe.skipIf(noCgroup)(`a service manager without control groups ${noCgroup || ""}`, () => {
  it("starts, is killed by sessionman-run, and is gone when nobody listens", async () => {
    const keeper = new FakeKeeper();
    const rig = makeRig({ cgroupRoot: "/proc", channel: keeper.channel });
    const news: ManagerNews[] = [];
    let cleaned = 0;
    rig.kernel.startManager(ORDER, (each) => news.push(each));
    await until("a sessionman-run", () => keeper.runners.length === 1);
    const [one] = keeper.runners;
    await one?.begin();
    expect([one?.group, one?.given.get("group")]).toEqual(["-", "-"]);
    const pid = (await one?.fork()) ?? 0;
    keeper.again();
    rig.restart(keeper.channel);
    expect(rig.kernel.managers()).toEqual([{ uid: UID, alive: true }]);
    rig.kernel.killManager(UID);
    rig.kernel.cleanManager(UID, () => {
      cleaned += 1;
    });
    expect(cleaned).toBe(0);
    await until("it is clean", () => cleaned === 1);
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
    expect(one?.gone).toBe(true);
    expect(readdirSync(`${rig.run}/managers`)).toEqual([]);
    expect(rig.kernel.managerPath(UID)).toBeNull();
    keeper.end();
    rig.kernel.close();
    endChildren();
  });
});
