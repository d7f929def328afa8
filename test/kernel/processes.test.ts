import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, copyFileSync, openSync, readFileSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadAddon } from "../../daemon/src/kernel/addon.ts";
import { ADDON, endChildren, makeRig, type Rig, startProcess, unable, until } from "./rig.ts";

const idOf = (path: string) => {
  const { dev, ino } = statSync(path);
  return `${dev}:${ino}`;
};

describe.skipIf(unable)(`processes ${unable || ""}`, () => {
  let rig: Rig;
  beforeEach(() => {
    rig = makeRig();
  });
  afterEach(() => {
    endChildren();
    rig.kernel.close();
  });

  it("describes a process as it is", async () => {
    const { pid } = await startProcess("/bin/sleep", "1000");
    const facts = rig.kernel.process(pid);
    expect(facts).toMatchObject({
      parent: process.pid,
      uid: 0,
      session: null,
      owner: null,
      sameNamespace: true,
      terminal: "",
    });
    expect(facts.identity.pid).toBe(pid);
    expect(facts.identity.start).toMatch(/^[0-9]+$/);
    expect(facts.identity.executable).toBe(idOf("/bin/sleep"));
  });

  it("sees another program after exec, in the same process", async () => {
    const child = await startProcess("/bin/sh", "-c", "read -r line; exec sleep 1000");
    const before = rig.kernel.process(child.pid).identity;
    child.stdin?.write("go\n");
    await until("the exec", () => rig.kernel.executableOf(before) === idOf("/bin/sleep"));
    expect(rig.kernel.alive(before)).toBe(true);
    expect(before.executable).toBe(idOf("/bin/sh"));
  });

  it("is not misled by a name made to look like the fields behind it", async () => {
    const name = `${rig.directory}/) S 1 2 3 (`;
    copyFileSync("/bin/sleep", name);
    const { pid } = await startProcess(name, "1000");
    const facts = rig.kernel.process(pid);
    expect(facts.parent).toBe(process.pid);
    expect(rig.kernel.alive({ ...facts.identity, inode: "" })).toBe(true);
    expect(rig.kernel.alive({ ...facts.identity, inode: "", start: "2" })).toBe(false);
  });

  it("tells the real uid, also of a process that hides its memory", async () => {
    const { pid } = await startProcess(
      "/usr/bin/setpriv",
      "--reuid",
      "4711",
      "--clear-groups",
      "sleep",
      "1000",
    );
    await until("the change", () => rig.kernel.process(pid).uid === 4711);
  });

  it("knows a process of another pid namespace", async () => {
    const outer = await startProcess("/usr/bin/unshare", "--pid", "--fork", "sleep", "1000");
    let inner = 0;
    await until("the inner process", () => {
      try {
        inner = Number(execFileSync("pgrep", ["-P", String(outer.pid)], { encoding: "utf8" }));
      } catch {
        return false;
      }
      return inner > 0;
    });
    expect(rig.kernel.process(inner).sameNamespace).toBe(false);
    expect(rig.kernel.process(outer.pid).sameNamespace).toBe(true);
    process.kill(inner, "SIGKILL");
  });

  it("names the controlling terminal of a process", async () => {
    const child = spawn("script", ["-qc", "sleep 1000; true", "/dev/null"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    await once(child, "spawn");
    let terminal = "";
    await until("the terminal", () => {
      try {
        const pid = execFileSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" })
          .trim()
          .split("\n")[0];
        terminal = rig.kernel.process(Number(pid)).terminal;
      } catch {
        return false;
      }
      return terminal !== "";
    });
    expect(terminal).toMatch(/^pts\/[0-9]+$/);
    const open = (path: string, flags: string) => {
      const fd = openSync(path, flags);
      opened.push(fd);
      return fd;
    };
    const opened: number[] = [];
    expect(rig.kernel.terminalOfFd(open(`/dev/${terminal}`, "r+"))).toBe(terminal);
    const readable = open(`/dev/${terminal}`, "r");
    expect(() => rig.kernel.terminalOfFd(readable)).toThrow(/EACCES/);
    for (const path of ["/dev/null", "/dev/ptmx", `${rig.directory}/file`]) {
      const other = open(path, path.startsWith("/dev") ? "r+" : "w+");
      expect(() => rig.kernel.terminalOfFd(other)).toThrow(/ENOTTY/);
    }
    for (const fd of opened) closeSync(fd);
    child.kill("SIGKILL");
  });

  it("counts a dead process that nobody has reaped as gone", async () => {
    // it must not end while the shell is there, which would reap it
    const waits = "while read -r name </proc/$PPID/comm && [ $name = sh ]; do sleep 0.01; done";
    const outer = await startProcess("/bin/sh", "-c", `sh -c '${waits}' & echo $!; exec sleep 1000`);
    const [line] = (await once(outer.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    const zombie = Number(String(line));
    await vi.waitFor(() => expect(readFileSync(`/proc/${zombie}/stat`, "latin1")).toContain(") Z "), 10_000);
    expect(() => rig.kernel.process(zombie)).toThrow(/ESRCH/);
  });

  it("describes the process that a pidfd stands for, and no other descriptor", async () => {
    const child = await startProcess("/bin/sleep", "1000");
    const { identity } = rig.kernel.process(child.pid);
    const pidfd = loadAddon(ADDON).openProcess(identity.pid, identity.start, identity.inode);
    expect(rig.kernel.processOfFd(pidfd).identity).toEqual(identity);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(() => rig.kernel.processOfFd(pidfd)).toThrow(/ESRCH/);
    closeSync(pidfd);
    const file = openSync("/dev/null", "r");
    expect(() => rig.kernel.processOfFd(file)).toThrow(/EINVAL/);
    closeSync(file);
    expect(() => rig.kernel.processOfFd(file)).toThrow(/ENOENT/);
  });

  it.each([0, 4_194_304, 2_147_483_647])("has no process %i", (pid) => {
    expect(() => rig.kernel.process(pid)).toThrow(/ESRCH/);
    expect(rig.kernel.alive({ pid, start: "1", inode: "", executable: "" })).toBe(false);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 40])("refuses %d as a process", (pid) => {
    expect(() => rig.kernel.process(pid)).toThrow(TypeError);
  });

  it("signals exactly that process", async () => {
    const child = await startProcess("/bin/sleep", "1000");
    rig.kernel.signalProcess(rig.kernel.process(child.pid).identity, 15);
    const [, signal] = (await once(child, "exit")) as [number, string];
    expect(signal).toBe("SIGTERM");
  });
});
