/** Service managers where only the real kernel can tell: the order, restarts of the daemon, what runs out. */

import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GID, HOLDER, ManagerRig, ORDER, SERVICE, UID } from "./manager-rig.ts";
import { awhile, CGROUP, noCgroup, openFds, until } from "./rig.ts";
import type { FakeRunner } from "./runner.ts";

describe.skipIf(noCgroup)(`a service manager ${noCgroup || ""}`, () => {
  let m: ManagerRig;

  beforeEach(() => {
    m = new ManagerRig();
  });
  afterEach(() => m.end());

  it("is ordered with all that sessionman-run needs", async () => {
    const { group, given } = await m.runner();
    expect(group).toBe(HOLDER);
    expect(Object.fromEntries(given)).toEqual({
      uid: String(UID),
      gid: String(GID),
      user: "alice",
      backend: ORDER.backend,
      config: "/etc/sessionman/backend",
      runtime: `${m.rig.user}/${UID}`,
      group: SERVICE,
      ready: `${m.rig.run}/managers/${UID}.ready`,
      log: `${m.rig.run}/managers/${UID}.log`,
    });
  });

  it("listens where only root may connect, in a directory that only root may list and change", async () => {
    await m.runner();
    const socket = lstatSync(`${m.rig.run}/managers/${UID}.sock`);
    expect([socket.isSocket(), socket.mode & 0o7777, socket.uid]).toEqual([true, 0o600, 0]);
    expect(statSync(`${m.rig.run}/managers`).mode & 0o7777).toBe(0o711);
    expect(readdirSync(`${m.rig.run}/managers`)).toEqual([`${UID}.sock`]);
  });

  it("is cleaned by the next daemon when one ends in the middle", async () => {
    const one = await m.runner();
    await one.fork();
    one.deaf = true;
    m.rig.kernel.killManager(UID);
    m.clean();
    await until("the end of the manager", () => !existsSync(SERVICE));
    m.keeper.again();
    m.rig.restart(m.keeper.channel);
    expect(m.rig.kernel.managers().map(({ uid }) => uid)).toEqual([UID]);
    one.deaf = false;
    one.exit();
    m.clean();
    await until("it is clean", () => m.cleaned === 1);
    expect(m.rig.kernel.managers()).toEqual([]);
  });

  it("is found when the daemon ended between order and start, and carried out", async () => {
    m.keeper.asleep = true;
    m.rig.kernel.startManager(ORDER, m.told);
    m.rig.kernel.close();
    m.keeper.asleep = false;
    m.keeper.again();
    expect(m.keeper.runners).toHaveLength(1);
    m.rig.restart(m.keeper.channel);
    expect(m.rig.kernel.managers()).toEqual([{ uid: UID, alive: true }]);
    m.rig.kernel.adoptManager(UID, m.told);
    await until("its state", () => m.news.length > 0);
    expect(m.news).toEqual([{ state: "starting", pid: 0, message: "" }]);
  });

  it("is dead when the daemon ended before the order", () => {
    m.keeper.asleep = true;
    m.rig.kernel.startManager(ORDER, m.told);
    m.keeper.lose();
    m.keeper.asleep = false;
    m.rig.restart(m.keeper.channel);
    expect(m.rig.kernel.managers()).toEqual([{ uid: UID, alive: false }]);
  });

  it("is not started without room for its socket, and leaves no descriptor", async () => {
    const before = openFds();
    execFileSync("mount", ["-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs", `${m.rig.run}/managers`]);
    try {
      expect(() => m.rig.kernel.startManager(ORDER, m.told)).toThrow(/ENOSPC/);
    } finally {
      execFileSync("umount", [`${m.rig.run}/managers`]);
    }
    expect(openFds()).toBe(before);
    await awhile();
    expect(m.news).toEqual([]);
  });

  it("is not started without descriptors, and leaves none", () => {
    m.keeper.asleep = true;
    const outcomes: string[] = [];
    const before = openFds();
    for (let spare = 0; spare < 5; spare += 1) {
      const hoard = takeAllDescriptors();
      for (const fd of hoard.splice(0, spare)) closeSync(fd);
      try {
        m.rig.kernel.startManager(ORDER, m.told);
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
    expect(m.rig.kernel.managers()).toEqual([{ uid: UID, alive: true }]);
  });

  it("stumbles over nothing that lies among the files", () => {
    mkdirSync(`${m.rig.run}/managers/1.sock.new`);
    for (const name of ["01.sock", "65535.sock", "x.sock", "4294967296.sock", "7.ready"])
      writeFileSync(`${m.rig.run}/managers/${name}`, "");
    expect(m.rig.kernel.managers()).toEqual([]);
    mkdirSync(`${m.rig.run}/managers/${UID}.ready`);
    expect(m.rig.warnings).toEqual([expect.stringMatching(/1\.sock\.new: EISDIR/)]);
  });

  it("is not taken for dead while there is no descriptor to ask with", async () => {
    const one = await m.runner();
    const pid = await one.fork();
    m.keeper.again();
    m.rig.restart(m.keeper.channel);
    m.news = [];
    const hoard = takeAllDescriptors();
    try {
      m.rig.kernel.adoptManager(UID, m.told);
    } finally {
      for (const fd of hoard) closeSync(fd);
    }
    await until("its state", () => m.news.length > 0);
    expect(m.news).toEqual([{ state: "starting", pid, message: "" }]);
  });

  it("hears nonsense, and goes on", async () => {
    const one = await m.runner();
    const pid = await one.fork();
    await until("its pid", () => m.news.length > 0);
    one.sendRaw("nonsense\0");
    one.sendRaw("ready\0-1\0");
    one.sendRaw("running\0 1\0\0");
    one.sendRaw("ready");
    one.sendRaw("x".repeat(40_000));
    one.say("ready", String(pid));
    await until("the next state", () => m.news.at(-1)?.state === "ready");
    expect(m.rig.warnings.filter((line) => line.includes("no news"))).toHaveLength(5);
  });

  it("gets orders later when it does not read", async () => {
    const one = await m.runner();
    one.deaf = true;
    const big = new Map([["BIG", "x".repeat(60_000)]]);
    for (let i = 0; i < 20; i += 1) m.rig.kernel.tellEnvironment(UID, big, []);
    m.rig.kernel.orderManager(UID, "stop");
    one.deaf = false;
    await until("all orders", () => one.orders.length === 21);
    expect(one.orders.at(-1)).toEqual(["stop"]);
  });

  it("waits in line when the keeper is busy, without being lost", async () => {
    const uids = Array.from({ length: 150 }, (_, i) => UID + 1 + i);
    m.keeper.asleep = true;
    for (const uid of uids) {
      m.rig.kernel.createSlice(uid, {});
      m.rig.kernel.startManager({ ...ORDER, uid }, m.told);
    }
    m.keeper.asleep = false;
    await until("all of them", () => m.keeper.runners.length === uids.length, 20_000);
    expect(m.keeper.runners.map(({ given }) => Number(given.get("uid")))).toEqual(uids);
    let done = 0;
    for (const one of m.keeper.runners) one.exit();
    const finished = () => {
      done += 1;
    };
    for (const uid of uids) m.rig.kernel.cleanManager(uid, finished);
    await until("the end of all", () => done === uids.length, 20_000);
    for (const uid of uids) m.rig.kernel.removeSlice(uid);
    expect(readdirSync(`${CGROUP}/user.slice`).filter((name) => name.startsWith("user-66"))).toEqual([
      `user-${UID}.slice`,
    ]);
  });

  it("leaves no descriptor behind, a thousand times over", async () => {
    const cycle = async () => {
      const before = m.cleaned;
      m.rig.kernel.startManager(ORDER, m.told);
      m.keeper.pump();
      (m.keeper.runners.pop() as FakeRunner).end("exit code 0");
      m.clean();
      await until("it is clean", () => m.cleaned > before);
    };
    for (let i = 0; i < 10; i += 1) await cycle();
    const before = openFds();
    for (let i = 0; i < 1000; i += 1) await cycle();
    expect(openFds()).toBe(before);
    expect(readdirSync(`${m.rig.run}/managers`)).toEqual([]);
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
