/** What sessionctl shows and does about users beside their sessions. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { lastLines } from "../../daemon/src/ctl/user-log.ts";
import { ALICE, BOB, type Machine, withManagers } from "../control/machine.ts";
import { type Bridge, useBridge } from "./bridge.ts";

let bridge: Bridge;
let machine: Machine;

useBridge((made) => {
  bridge = made;
  machine = made.machine;
}, withManagers());

describe("user-status", () => {
  it("shows the manager, its group among the processes, and the end of the log", async () => {
    const { leader } = await machine.session(ALICE, { class: "user" });
    machine.manager(ALICE).run();
    const pid = machine.manager(ALICE).process?.identity.pid;
    const lines = Array.from({ length: 12 }, (_, i) => `line ${i + 1}\n`);
    machine.kernel.system.logs.set(ALICE, lines.join(""));
    const { out, status } = await bridge.run(["user-status", "alice"]);
    expect(status).toBe(0);
    expect(out).toMatch(/^ +Lingers: no$/m);
    expect(out).toMatch(/^ +Manager: running since \d{4}-\d\d-\d\d .* ago\)$/m);
    expect(out).toMatch(/^ +Backend: \/lib\/backends\/s6$/m);
    expect(out).toMatch(new RegExp(`^ +Manager process: ${pid}$`, "m"));
    expect(out).toMatch(/^ +Manager group: \/user\.slice\/user-1000\.slice\/user@1000\.service$/m);
    expect(out).not.toContain("Problem");
    expect(out).toMatch(new RegExp(`─user@1000\\.service/init\\.scope\n.*─${pid} manager`));
    expect(out).toContain(`─${leader} sh`);
    expect(out).toMatch(/\n {2}Log:\n {4}line 3\n(?: {4}line \d+\n){8} {4}line 12\n$/);
  });

  it("says what did not work", async () => {
    await machine.session(ALICE, { class: "user" });
    machine.manager(ALICE).run("exit code 7");
    expect((await bridge.run(["user-status", "1000"])).out).toMatch(/^ +Problem: .*exit code 7/m);
  });

  it("of a user without one says so", async () => {
    await machine.session(BOB, { class: "background" });
    expect((await bridge.run(["user-status", "bob"])).out).toMatch(/^ +Manager: none$/m);
  });

  it("shows others neither processes nor log", async () => {
    await machine.session(ALICE, { class: "user" });
    machine.kernel.system.logs.set(ALICE, "secret\n");
    bridge.caller = machine.process(BOB);
    const { out, status } = await bridge.run(["user-status", "alice"]);
    expect(status).toBe(0);
    expect(out).toContain("starting since");
    expect(out).not.toMatch(/secret|Log:|sessionman-run/);
    expect(JSON.parse((await bridge.run(["user-status", "alice", "--json"])).out)).toMatchObject({
      log: null,
    });
  });

  it("is a JSON document on request", async () => {
    await machine.session(ALICE, { class: "user" });
    machine.kernel.system.logs.set(ALICE, "a\n");
    const { out } = await bridge.run(["user-status", "alice", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      user: { uid: ALICE, linger: false, manager: { state: "starting" } },
      log: "a\n",
    });
  });

  it("shows a lingering user without a session", async () => {
    await bridge.run(["linger", "enable", "alice"]);
    await machine.kernel.settle();
    const { out, status } = await bridge.run(["user-status", "alice"]);
    expect(status).toBe(0);
    expect(out).toMatch(/^ +State: lingering$/m);
    expect(out).toMatch(/^ +Lingers: yes$/m);
  });
});

describe("users and monitor", () => {
  it("have the manager's state", async () => {
    await machine.session(ALICE, { class: "user" });
    machine.manager(ALICE).run();
    const { out } = await bridge.run(["users"]);
    expect(out).toMatch(/^ *UID +USER +STATE +SESSIONS +RUNTIME DIRECTORY +MANAGER +LINGER +SINCE$/m);
    expect(out).toMatch(/^1000 +alice +active +1 +\/run\/user\/1000 +running +no +\d/m);
    const seen: string[] = [];
    const running = bridge.run(["monitor"], {}, (text) => seen.push(text));
    await vi.waitFor(() => expect(seen.join("")).toContain(" user 1000 alice active manager running\n"));
    bridge.stop();
    await running;
  });
});

describe("user-log", () => {
  beforeEach(async () => {
    await machine.session(ALICE, { class: "user" });
    machine.kernel.system.logs.set(ALICE, "one\n\ttwo\u001b[2J\nthree\n");
  });

  it.each([
    [[], "one\n\ttwo\\x1b[2J\nthree\n"],
    [["-n", "1"], "three\n"],
    [["--lines=2"], "\ttwo\\x1b[2J\nthree\n"],
    [["-n", "0"], ""],
  ])("with %j prints %j", async (options, expected) => {
    const run = await bridge.run(["user-log", "alice", ...options]);
    expect(run).toEqual({ status: 0, out: expected, error: "" });
  });

  it("is a JSON document on request", async () => {
    const { out } = await bridge.run(["user-log", "alice", "-n", "2", "--json"]);
    expect(JSON.parse(out)).toEqual({ uid: ALICE, lines: ["\ttwo\\x1b[2J", "three"] });
  });

  it("is for root and the user", async () => {
    bridge.caller = machine.process(BOB);
    expect(await bridge.run(["user-log", "alice"])).toEqual({
      status: 1,
      out: "",
      error: "sessionctl: cannot show the log of user alice: not permitted to this user\n",
    });
    bridge.caller = machine.process(ALICE);
    expect((await bridge.run(["user-log", "alice"])).status).toBe(0);
  });

  it("knows who is not there", async () => {
    expect(await bridge.run(["user-log", "bob"])).toEqual({
      status: 3,
      out: "",
      error: "sessionctl: user bob has no session and does not linger\n",
    });
    expect((await bridge.run(["user-log", "1001"])).status).toBe(3);
  });

  it.each([
    ["", 5, []],
    ["\n", 5, [""]],
    ["a\nb", 1, ["b"]],
    ["a\n\n", 9, ["a", ""]],
  ])("of %j the last %i lines are %j", (text, most, lines) => {
    expect(lastLines(text, most)).toEqual(lines);
  });
});

describe("import-environment", () => {
  const imported = () => {
    const variables = machine.engine.world().users.get(ALICE)?.imported ?? new Map();
    return Object.fromEntries([...variables].map(([name, { value }]) => [name, value]));
  };

  beforeEach(async () => {
    const { leader } = await machine.session(ALICE, { class: "user" });
    bridge.caller = machine.process(ALICE, { parent: leader });
  });

  it("gives what a graphical session needs, and nothing else", async () => {
    const environment = { WAYLAND_DISPLAY: "wayland-1", SWAYSOCK: "/s", HOME: "/home/alice", SECRET: "x" };
    const run = await bridge.run(["import-environment"], { environment });
    expect(run).toEqual({ status: 0, out: "", error: "" });
    expect(imported()).toEqual({ WAYLAND_DISPLAY: "wayland-1", SWAYSOCK: "/s" });
  });

  it("gives what is named, and unsets what is named and not set", async () => {
    await bridge.run(["import-environment", "A", "B"], { environment: { A: "1", B: "2" } });
    const { out } = await bridge.run(["import-environment", "A", "B", "--json"], { environment: { B: "3" } });
    expect(imported()).toEqual({ B: "3" });
    expect(JSON.parse(out)).toEqual({ set: ["B"], unset: ["A"] });
  });

  it("unsets on request what is set here", async () => {
    const environment = { A: "1", B: "2" };
    await bridge.run(["import-environment", "A", "B"], { environment });
    await bridge.run(["import-environment", "--unset", "A"], { environment });
    expect(imported()).toEqual({ B: "2" });
  });

  it("does nothing where nothing is set", async () => {
    const { status, error } = await bridge.run(["import-environment"]);
    expect(status).toBe(0);
    expect(error).toMatch(/^sessionctl: nothing to import: none of DISPLAY, /);
    expect(imported()).toEqual({});
  });

  it("says why the daemon refuses", async () => {
    const { status, error } = await bridge.run(["import-environment", "A"], { environment: { A: "x\ny" } });
    expect(status).toBe(1);
    expect(error).toMatch(/^sessionctl: cannot import the environment: [^\n]*newline[^\n]*\n$/);
  });
});

describe("wrong usage", () => {
  it.each([
    [["user-log", "alice", "bob"]],
    [["user-log", "alice", "-n", "many"]],
    [["user-log", "alice", "--lines=-1"]],
    [["import-environment", "A=B"]],
    [["import-environment", "--unset"]],
  ])("%j exits with 2 and one line", async (args) => {
    const { status, out, error } = await bridge.run(args);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(error).toMatch(/^sessionctl: [^\n]+\n$/);
  });
});
