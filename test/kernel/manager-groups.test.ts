/** The control groups of a service manager: who owns what, and what a hostile user leaves. */

import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AS_USER, asUser, GID, HOLDER, ManagerRig, ORDER, SERVICE, SLICE, UID } from "./manager-rig.ts";
import { noCgroup, startProcess, until } from "./rig.ts";

describe.skipIf(noCgroup)(`the groups of a service manager ${noCgroup || ""}`, () => {
  let m: ManagerRig;

  beforeEach(() => {
    m = new ManagerRig();
  });
  afterEach(() => m.end());

  it("has groups that the user may divide, and no others", async () => {
    await m.runner();
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
    const one = await m.runner();
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
    m.rig.kernel.killManager(UID);
    m.clean();
    await until("it is clean", () => m.cleaned === 1, 10_000);
    expect(existsSync(SERVICE)).toBe(false);
    expect(existsSync(HOLDER)).toBe(false);
  });

  it("may nest groups only as deep as they can be removed, and not make any number", async () => {
    await m.runner();
    const depth = asUser(
      `cd ${SERVICE}; n=0; while mkdir d 2>/dev/null && cd d; do n=$((n+1)); done; echo $n`,
    );
    expect(Number(depth)).toBe(64);
    expect(readFileSync(`${SERVICE}/cgroup.max.descendants`, "utf8").trim()).toBe("16384");
  });

  it("ends with every process that it left, also those that fork without end", async () => {
    const one = await m.runner();
    await one.fork();
    // sixty that never stop forking, and never fail to: whoever else runs as this user does not count
    const bomb = await startProcess(
      ...AS_USER,
      "sh",
      "-c",
      "read -r go; i=0; while [ $((i += 1)) -le 60 ]; do (while :; do sleep 0.02; done) & done; wait",
    );
    writeFileSync(`${SERVICE}/init.scope/cgroup.procs`, String(bomb.pid));
    bomb.stdin?.write("go\n");
    await until("many", () => m.rig.kernel.sliceProcesses(UID).length > 50);
    one.end("exit code 0");
    await until("the end", () => m.news.at(-1)?.state === "ended");
    m.clean();
    await until("it is clean", () => m.cleaned === 1, 20_000);
    expect(m.rig.kernel.sliceProcesses(UID)).toEqual([]);
  });

  it("is frozen in vain", async () => {
    const one = await m.runner();
    const pid = await one.fork();
    asUser(`mkdir ${SERVICE}/ice`);
    writeFileSync(`${SERVICE}/ice/cgroup.procs`, String(pid));
    asUser(`echo 1 > ${SERVICE}/ice/cgroup.freeze`);
    m.rig.kernel.killManager(UID);
    m.clean();
    await until("it is clean", () => m.cleaned === 1, 10_000);
  });

  it("gives the holder of the PAM session five seconds, then kills it, too", async () => {
    const one = await m.runner();
    const pid = await one.fork();
    one.deaf = true;
    const begun = performance.now();
    m.rig.kernel.killManager(UID);
    m.clean();
    await until("the end of the manager", () => !existsSync(SERVICE));
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
    expect(existsSync(HOLDER)).toBe(true);
    expect(m.cleaned).toBe(0);
    await until("it is clean", () => m.cleaned === 1, 10_000);
    expect(performance.now() - begun).toBeGreaterThan(4_900);
    expect(existsSync(HOLDER)).toBe(false);
    one.deaf = false;
  });

  it("takes the place of what a crash left", async () => {
    mkdirSync(`${SERVICE}/left`, { recursive: true });
    writeFileSync(`${m.rig.run}/managers/${UID}.sock.new`, "");
    writeFileSync(`${m.rig.run}/managers/${UID}.sock`, "");
    m.keeper.again();
    m.rig.restart(m.keeper.channel);
    expect(m.rig.kernel.managers()).toEqual([{ uid: UID, alive: false }]);
    const one = await m.runner();
    await one.fork();
    expect(existsSync(`${SERVICE}/left`)).toBe(false);
    expect(lstatSync(`${m.rig.run}/managers/${UID}.sock`).isSocket()).toBe(true);
  });

  it("is not started among processes that are left", async () => {
    const { pid } = await startProcess("sleep", "1000");
    mkdirSync(SERVICE);
    writeFileSync(`${SERVICE}/cgroup.procs`, String(pid));
    expect(() => m.rig.kernel.startManager(ORDER, m.told)).toThrow(/EBUSY/);
  });
});
