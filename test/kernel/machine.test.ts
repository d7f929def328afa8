/** The user database, terminals, files, lifetime holders, and that nothing is left behind. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Account } from "../../daemon/src/core/events.ts";
import {
  awhile,
  busyShare,
  endChildren,
  FOREGROUND,
  holdForeground,
  loadPeer,
  makeRig,
  noCgroup,
  openFds,
  type Rig,
  startProcess,
  startSleep,
  unable,
  until,
} from "./rig.ts";

describe.skipIf(unable)(`the machine ${unable || ""}`, () => {
  let rig: Rig;
  beforeEach(() => {
    rig = makeRig();
  });
  afterEach(() => {
    rig.kernel.close();
    endChildren();
  });

  const lookUp = async (uid: number) => {
    const found: (Account | null)[] = [];
    rig.kernel.lookUpUser(uid, (user) => found.push(user));
    expect(found).toEqual([]);
    await until("an answer", () => found.length === 1);
    return found[0];
  };
  const group = async (name: string) => {
    const found: (number | null)[] = [];
    rig.kernel.lookUpGroup(name, (gid) => found.push(gid));
    expect(found).toEqual([]);
    await until("an answer", () => found.length === 1);
    return found[0];
  };

  it("looks up users and groups", async () => {
    expect(await lookUp(0)).toEqual({
      uid: 0,
      gid: 0,
      name: "root",
      groups: execFileSync("id", ["-G", "root"], { encoding: "utf8" }).trim().split(" ").map(Number),
    });
    expect(await lookUp(54_321)).toBeNull();
    const tty = Number(execFileSync("getent", ["group", "tty"], { encoding: "utf8" }).split(":")[2]);
    expect(await group("tty")).toBe(tty);
    for (const name of ["none-such", "-s", "--help", "5", "", "a b", "a:b", "a\nb"])
      expect(await group(name)).toBeNull();
    expect(rig.warnings).toEqual([]);
  });

  it("knows all groups of a user", async () => {
    const files = {
      passwd: "tester:x:60123:60123::/:/bin/sh\n",
      group: "one:x:7001:tester\ntwo:x:7002:a,tester\n",
    };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(`${rig.directory}/${name}`, readFileSync(`/etc/${name}`, "utf8") + content);
      execFileSync("mount", ["--bind", `${rig.directory}/${name}`, `/etc/${name}`]);
    }
    try {
      const user = await lookUp(60_123);
      expect({ ...user, groups: user?.groups.toSorted() }).toEqual({
        uid: 60_123,
        gid: 60_123,
        name: "tester",
        groups: [60_123, 7001, 7002],
      });
    } finally {
      for (const name of Object.keys(files)) execFileSync("umount", [`/etc/${name}`]);
    }
  });

  it("answers every one of many look-ups", async () => {
    let answers = 0;
    for (let i = 0; i < 40; i += 1)
      rig.kernel.lookUpUser(0, (user) => {
        answers += user?.name === "root" ? 1 : 0;
      });
    for (let i = 1; i < 40; i += 1)
      rig.kernel.lookUpUser(i, (user) => {
        answers += user === null || user.uid === i ? 1 : 0;
      });
    await until("all answers", () => answers === 79, 20_000);
  });

  it("knows the foreground terminal", async () => {
    const seen: number[] = [];
    if (existsSync(FOREGROUND)) await holdForeground();
    const has = rig.kernel.watchActiveVt((vt) => seen.push(vt));
    expect(has).toBe(existsSync(FOREGROUND));
    if (!has) return;
    const active = Number(readFileSync(FOREGROUND, "utf8").trim().slice(3));
    await awhile();
    expect(seen).toEqual([active]);
  }, 120_000);

  it("takes a name for a terminal only if its device is there", () => {
    const there = (vt: number) =>
      existsSync(`/dev/tty${vt}`) && statSync(`/dev/tty${vt}`).isCharacterDevice();
    for (const vt of [1, 2, 63]) {
      expect(rig.kernel.ttyVt(`tty${vt}`)).toBe(there(vt) ? vt : 0);
      expect(rig.kernel.ttyVt(`/dev/tty${vt}`)).toBe(there(vt) ? vt : 0);
    }
  });

  it("replaces a file whole, or leaves the old one", () => {
    const path = `${rig.run}/record`;
    rig.kernel.writeFile(path, "one");
    rig.kernel.writeFile(path, "zwei: ü");
    expect(readFileSync(path, "utf8")).toBe("zwei: ü");
    expect(statSync(path).mode & 0o7777).toBe(0o644);
    const small = `${rig.directory}/small`;
    mkdirSync(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", small]);
    rig.kernel.writeFile(`${small}/record`, "old");
    expect(() => rig.kernel.writeFile(`${small}/record`, "x".repeat(20_000))).toThrow(/ENOSPC/);
    expect(readFileSync(`${small}/record`, "utf8")).toBe("old");
    expect(readdirSync(small)).toEqual(["record"]);
    expect(() => rig.kernel.writeFile(`${rig.directory}/none/record`, "")).toThrow(/ENOENT/);
    execFileSync("umount", [small]);
  });

  it("does not write through a link left in the temporary file's place", () => {
    writeFileSync(`${rig.directory}/canary`, "untouched");
    symlinkSync(`${rig.directory}/canary`, `${rig.run}/.#record`);
    expect(() => rig.kernel.writeFile(`${rig.run}/record`, "new")).toThrow(/ELOOP/);
    expect(readFileSync(`${rig.directory}/canary`, "utf8")).toBe("untouched");
  });

  it("looks for a lifetime FIFO among the first thousands of a process's descriptors only", async () => {
    rig.kernel.createLifetime("1", () => {});
    const holder = async (place: number) => {
      const script = [
        "import os, resource, sys",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))",
        "fifo = os.open(sys.argv[1], os.O_WRONLY)",
        "for fd in range(100, 8192): os.dup2(0, fd)",
        "os.dup2(fifo, int(sys.argv[2]))",
        "os.close(fifo)",
        "print(flush=True)",
        "sys.stdin.read()",
      ].join("\n");
      const child = await startProcess("python3", "-c", script, `${rig.run}/lifetime/1`, String(place));
      await once(child.stdout as Readable, "data");
      return child.pid;
    };
    const [low, high] = [await holder(50), await holder(8000)];
    // however many there are, the daemon goes on soon
    expect(rig.kernel.lifetimeHolders("1", [low, high])).toEqual([low]);
  });

  it("finds who holds a lifetime FIFO, and keeps others from opening it", () => {
    let ended = 0;
    rig.kernel.createLifetime("1", () => {
      ended += 1;
    });
    const fifo = `${rig.run}/lifetime/1`;
    const fd = rig.kernel.openLifetime("1");
    expect(rig.kernel.lifetimeHolders("1", [1, process.pid, 4_194_304])).toEqual([process.pid]);
    expect(statSync(fifo).mode & 0o7777).toBe(0o600);
    expect(statSync(`${rig.run}/lifetime`).mode & 0o7777).toBe(0o700);
    closeSync(fd);
    // the read end alone does not hold it
    expect(rig.kernel.lifetimeHolders("1", [process.pid])).toEqual([]);
    expect(ended).toBe(0);
  });

  it("takes no event of a closed descriptor for one of its number's next owner", async () => {
    let ended = 0;
    let wrong = 0;
    const whenOneEnds = (other: string) => () => {
      ended += 1;
      if (ended > 1) return;
      rig.kernel.dropLifetime(other);
      // one of them gets the number that the other one had, whose end is in the same batch of events
      for (const id of ["3", "4"])
        rig.kernel.createLifetime(id, () => {
          wrong += 1;
        });
    };
    rig.kernel.createLifetime("1", whenOneEnds("2"));
    rig.kernel.createLifetime("2", whenOneEnds("1"));
    const writers = [rig.kernel.openLifetime("1"), rig.kernel.openLifetime("2")];
    for (const fd of writers) closeSync(fd);
    await awhile();
    expect([ended, wrong]).toEqual([1, 0]);
  });

  it("is not woken by what somebody writes into the FIFO", async () => {
    let ended = 0;
    rig.kernel.createLifetime("1", () => {
      ended += 1;
    });
    const fd = rig.kernel.openLifetime("1");
    writeFileSync(fd, "noise");
    expect(await busyShare()).toBeLessThan(0.5);
    expect(ended).toBe(0);
    closeSync(fd);
    await until("the end", () => ended === 1);
  });

  it.skipIf(noCgroup)("leaves nothing behind after 1000 sessions", async () => {
    const peer = loadPeer();
    const { kernel } = rig;
    const uid = 65_000;
    const { pid } = await startSleep();
    const { identity } = kernel.process(pid);
    let exited = 0;
    const cycle = async (i: number) => {
      const id = String(i);
      kernel.createRuntimeDirectory(uid, uid, 1 << 20, 100);
      kernel.createSlice(uid, {});
      kernel.enterScope(id, uid, identity, {});
      let ended = false;
      kernel.createLifetime(id, () => {
        ended = true;
      });
      const fd = kernel.openLifetime(id);
      kernel.watchLeader(id, identity, () => {
        exited += 1;
      });
      kernel.hasRuntimeSocket(uid, "bus");
      closeSync(fd);
      await until("the end", () => ended);
      kernel.dropLifetime(id);
      kernel.createInhibitor(i);
      let free = false;
      kernel.watchInhibitor(i, () => {
        free = true;
      });
      await until("the end of an inhibitor that nobody has", () => free);
      kernel.dropInhibitor(i);
      kernel.unwatchLeader(id);
      writeFileSync(`${process.env.SESSIONMAN_TEST_CGROUP}/tests/cgroup.procs`, String(pid));
      let emptied = false;
      kernel.watchScope(id, uid, () => {
        emptied = true;
      });
      await until("an empty scope", () => emptied);
      kernel.removeScope(id, uid);
      kernel.removeSlice(uid);
      let removed = false;
      kernel.removeRuntimeDirectory(uid, uid, "tmpfs", () => {
        removed = true;
      });
      await until("the removal", () => removed);
    };
    expect(peer).toBeDefined();
    await cycle(1);
    const before = openFds();
    const mounts = readFileSync("/proc/self/mountinfo", "utf8");
    for (let i = 2; i <= 1001; i += 1) await cycle(i);
    expect(openFds()).toBe(before);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toBe(mounts);
    expect(readdirSync(`${rig.run}/lifetime`)).toEqual([]);
    expect(readdirSync(`${rig.run}/inhibitors`)).toEqual([]);
    expect(kernel.scopes().filter((scope) => scope.uid === uid)).toEqual([]);
    expect(exited).toBe(0);
  });

  it("gives its children no descriptor but the usual three", () => {
    rig.kernel.createLifetime("1", () => {});
    const fd = rig.kernel.openLifetime("1");
    rig.kernel.watchLeader("1", rig.kernel.process(process.pid).identity, () => {});
    const listed = execFileSync("sh", ["-c", "ls -l /proc/$$/fd"], { encoding: "utf8" });
    closeSync(fd);
    expect(listed).not.toMatch(/pidfd|lifetime|eventpoll|inotify/);
  });
});
