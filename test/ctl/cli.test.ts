import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { verbs } from "../../daemon/src/ctl/verbs.ts";
import { ALICE, BOB } from "../control/machine.ts";
import { Bridge } from "./bridge.ts";

let bridge: Bridge;

beforeEach(async () => {
  bridge = new Bridge();
  bridge.caller = bridge.machine.process(0);
  await bridge.start();
});

afterEach(() => {
  vi.restoreAllMocks();
  bridge.stop();
});

describe("list", () => {
  it("is what happens without a verb", async () => {
    await bridge.machine.session(ALICE, { type: "wayland" });
    const plain = await bridge.run([]);
    expect(plain).toEqual(await bridge.run(["list"]));
    expect(plain.status).toBe(0);
  });

  it("aligns its columns, with a header and a count", async () => {
    await bridge.machine.session(ALICE, { type: "wayland" });
    await bridge.machine.session(BOB);
    const { out } = await bridge.run(["list"]);
    const [header = "", first = "", second = "", empty, footer] = out.split("\n");
    expect(header).toMatch(/^SESSION +UID +USER +SEAT +TTY +STATE +TYPE +CLASS +LEADER +SINCE$/);
    for (const title of ["USER", "STATE", "TYPE"]) {
      expect(first[header.indexOf(title)]).not.toBe(" ");
      expect(second[header.indexOf(title) - 1]).toBe(" ");
    }
    expect(first).toMatch(
      /^ {6}1 +1000 +alice +- +- +active +wayland +user +\d+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
    );
    expect([empty, footer]).toEqual(["", "2 sessions."]);
  });

  it("leaves header and count out on request", async () => {
    await bridge.machine.session(ALICE);
    const { out } = await bridge.run(["list", "--no-legend"]);
    expect(out.trim().split("\n")).toHaveLength(1);
    expect(out).toContain("alice");
  });

  it("has colours on a terminal only, and not against NO_COLOR", async () => {
    await bridge.machine.session(ALICE);
    const sequence = "\u001b[";
    expect((await bridge.run(["list"], { columns: 80 })).out).toContain(`${sequence}32mactive`);
    expect((await bridge.run(["list"])).out).not.toContain(sequence);
    expect((await bridge.run(["list"], { columns: 80, environment: { NO_COLOR: "1" } })).out).not.toContain(
      escape,
    );
    expect((await bridge.run(["list"], { columns: 80, environment: { TERM: "dumb" } })).out).not.toContain(
      escape,
    );
  });

  it("is a JSON array on request", async () => {
    const { id, leader } = await bridge.machine.session(ALICE);
    const { out } = await bridge.run(["--json"]);
    expect(JSON.parse(out)).toMatchObject([{ id, leader, uid: ALICE, user: "alice" }]);
  });
});

describe("status", () => {
  it("shows the session with its processes as a tree", async () => {
    const { id, leader } = await bridge.machine.session(ALICE, { desktop: "sway" });
    const child = bridge.machine.process(ALICE, { parent: leader, command: "vi" });
    const { out, status } = await bridge.run(["status", id]);
    expect(status).toBe(0);
    expect(out).toContain(`Session ${id} of alice (1000)\n`);
    expect(out).toMatch(/^ +State: active$/m);
    expect(out).toMatch(/^ +Desktop: sway$/m);
    expect(out).toContain(`    └─${leader} sh\n      └─${child} vi\n`);
  });

  it("draws in ASCII where the locale has nothing else", async () => {
    const { id, leader } = await bridge.machine.session(ALICE);
    expect((await bridge.run(["status", id], { environment: { LANG: "C" } })).out).toContain(
      `\`-${leader} sh`,
    );
    expect((await bridge.run(["status", id], { environment: { LC_ALL: "POSIX" } })).out).toContain("`-");
  });

  it("is of the own session without an ID", async () => {
    const { id, leader } = await bridge.machine.session(ALICE);
    bridge.caller = bridge.machine.process(ALICE, { parent: leader });
    expect((await bridge.run(["status"])).out).toContain(`Session ${id} of alice`);
  });

  it("says so where there is no own session", async () => {
    const { status, error } = await bridge.run(["status"]);
    expect({ status, error }).toEqual({
      status: 3,
      error: `sessionctl: cannot find the session of this process: process ${bridge.caller} is in no session\n`,
    });
  });

  it("goes on after an ID that does not exist, and says in its status that there was one", async () => {
    const { id } = await bridge.machine.session(ALICE);
    const { out, error, status } = await bridge.run(["status", "99", id]);
    expect(out).toContain(`Session ${id} of alice`);
    expect(error).toBe("sessionctl: cannot show session 99: there is no session 99\n");
    expect(status).toBe(3);
  });

  it("cannot be made to drive the terminal", async () => {
    const leader = bridge.machine.process(ALICE, { command: "evil\u001b]0;owned\u0007\n\u202e\u009b2J" });
    bridge.caller = bridge.machine.process(ALICE, { parent: leader });
    bridge.machine.kernel.system.users.set(ALICE, {
      uid: ALICE,
      gid: ALICE,
      name: "al\u202eice",
      groups: [],
    });
    await bridge.machine.client(bridge.caller).call("Register", { holder: false });
    for (const args of [
      ["status", "1"],
      ["list"],
      ["explain", "1"],
      ["show", "1"],
      ["list", "--json"],
      ["status", "--json"],
    ]) {
      const { out, status } = await bridge.run(args);
      expect(status).toBe(0);
      expect(out).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u);
    }
    expect((await bridge.run(["status", "1"])).out).toContain("evil\\x1b]0;owned\\x07\\x0a\\u202e\\x9b2J");
  });
});

describe("show", () => {
  it("prints KEY=value lines that stay as they are", async () => {
    const { id, leader } = await bridge.machine.session(ALICE, { type: "tty" });
    const { out } = await bridge.run(["show", id]);
    expect(out.split("\n").map((line) => line.split("=")[0])).toEqual([
      ...[
        "ID",
        "UID",
        "USER",
        "STATE",
        "TYPE",
        "CLASS",
        "DESKTOP",
        "SERVICE",
        "SEAT",
        "VTNR",
        "TTY",
        "DISPLAY",
      ],
      ...["REMOTE", "REMOTE_HOST", "REMOTE_USER", "LEADER", "SCOPE", "CREATED_REALTIME", "CREATED_MONOTONIC"],
      ...["CLOSING_REASON", "CONTROLLER", ""],
    ]);
    expect(out).toContain(`\nLEADER=${leader}\n`);
    expect(out).toContain("\nREMOTE=no\n");
    expect(out).toContain("\nSEAT=\n");
  });

  it.each([
    [["-p", "STATE"], "STATE=active\n"],
    [["-p", "state", "--property=createdMonotonic"], "STATE=active\nCREATED_MONOTONIC=1000000\n"],
    [["-p", "user,uid", "--value"], "alice\n1000\n"],
    [["-p", "user", "--json"], '{\n  "user": "alice"\n}\n'],
  ])("with %j prints these alone", async (options, expected) => {
    const { id } = await bridge.machine.session(ALICE);
    expect((await bridge.run(["show", id, ...options])).out).toBe(expected);
  });

  it("knows its properties", async () => {
    const { status, error } = await bridge.run(["show", "1", "-p", "nonsense"]);
    expect(status).toBe(2);
    expect(error).toContain("nonsense");
  });
});

describe("users and user-status", () => {
  it("list those who have sessions", async () => {
    const { id } = await bridge.machine.session(ALICE);
    const { out } = await bridge.run(["users"]);
    expect(out).toMatch(new RegExp(`^1000 +alice +active +${id} +/run/user/1000 `, "m"));
    expect(out).toContain("\n1 user.\n");
  });

  it.each(["alice", "1000"])("show %s", async (name) => {
    await bridge.machine.session(ALICE);
    const { out, status } = await bridge.run(["user-status", name]);
    expect(status).toBe(0);
    expect(out).toMatch(/^alice \(1000\)\n/);
    expect(out).toContain("session-1.scope");
  });

  it.each(["bob", "1001", "01", "0x0", "-0"])("say that %s has no session", async (name) => {
    expect((await bridge.run(["user-status", "--", name])).status).toBe(3);
  });
});

describe("explain", () => {
  it("says in sentences why, what for and who", async () => {
    const { id, leader } = await bridge.machine.session(ALICE);
    const child = bridge.machine.process(ALICE, { parent: leader, command: "emacs" });
    expect((await bridge.run(["explain", id])).out).toBe(
      [
        `Session ${id} is active: it has no seat, and such a session is always active.`,
        "It ends with the first of:",
        `  the exit of its leader, process ${leader}`,
        "  a logout",
        "Held by:",
        `  ${leader}  is the leader, is in its control group  sh`,
        `  ${child}  is in its control group                 emacs`,
        "",
      ].join("\n"),
    );
  });
});

describe("terminate and kill", () => {
  it("end a session", async () => {
    const { id } = await bridge.machine.session(ALICE);
    expect(await bridge.run(["terminate", id])).toEqual({ status: 0, out: "", error: "" });
    await bridge.machine.kernel.settle();
    expect(bridge.machine.engine.world().sessions.size).toBe(0);
  });

  it("end all sessions of a user", async () => {
    await bridge.machine.session(ALICE);
    await bridge.machine.session(ALICE);
    await bridge.machine.session(BOB);
    expect((await bridge.run(["terminate-user", "alice"])).status).toBe(0);
    await bridge.machine.kernel.settle();
    expect([...bridge.machine.engine.world().sessions.values()].map(({ user }) => user)).toEqual(["bob"]);
  });

  it("say who may", async () => {
    const { id } = await bridge.machine.session(ALICE);
    bridge.caller = bridge.machine.process(BOB);
    expect(await bridge.run(["terminate", id])).toEqual({
      status: 1,
      out: "",
      error: `sessionctl: cannot terminate session ${id}: not permitted to this user\n`,
    });
  });

  it.each([
    [[], 15, 2],
    [["-s", "hup"], 1, 2],
    [["--signal=SIGUSR1", "--whom=leader"], 10, 1],
    [["--signal", "35"], 35, 2],
  ])("send the signal of %j", async (options, signal, times) => {
    const { id, leader } = await bridge.machine.session(ALICE);
    bridge.machine.process(ALICE, { parent: leader });
    expect((await bridge.run(["kill", id, ...options])).status).toBe(0);
    const sent = bridge.machine.kernel.system.signals.filter((each) => each.signal === signal);
    expect(sent).toHaveLength(times);
  });
});

describe("monitor", () => {
  it("prints a line for what there is and one for each change, until the daemon is gone for good", async () => {
    await bridge.machine.session(ALICE);
    const seen: string[] = [];
    const running = bridge.run(["monitor"], {}, (text) => seen.push(text));
    await vi.waitFor(() => expect(seen.join("")).toMatch(/ session 1 alice active\n/));
    await bridge.machine.session(BOB);
    await vi.waitFor(() => expect(seen.join("")).toMatch(/ session_new 2 bob (opening|active)\n/));
    bridge.stop();
    expect(await running).toMatchObject({
      status: 4,
      error: expect.stringContaining("sessionmand does not run"),
    });
  });

  it("goes on with the next daemon, from what there is then", async () => {
    const seen: string[] = [];
    const running = bridge.run(["monitor"], {}, (text) => seen.push(text));
    await vi.waitFor(() => expect(bridge.connections).toBe(1));
    bridge.cut();
    await bridge.machine.session(ALICE);
    await vi.waitFor(() => expect(seen.join("")).toMatch(/ session 1 alice active\n/), { timeout: 4000 });
    bridge.stop();
    expect((await running).status).toBe(4);
  });

  it("prints one JSON document on each line", async () => {
    const seen: string[] = [];
    const running = bridge.run(["monitor", "--json"], {}, (text) => seen.push(text));
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    await bridge.machine.session(BOB);
    await vi.waitFor(() => expect(seen.join("")).toContain("session_new"));
    const events = seen.map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events.slice(0, 2)).toEqual(["snapshot", "user_new"]);
    bridge.stop();
    await running;
  });
});

describe("version", () => {
  it("shows the daemon's", async () => {
    bridge.machine.kernel.system.cgroups = false;
    const { out } = await bridge.run(["version"]);
    expect(out).toContain("sessionman 1.2.3, daemon process");
    expect(out).toContain("lacking: no cgroup v2: sessions have no scope\n");
  });
});

describe("wrong usage", () => {
  it.each([
    [["frobnicate"]],
    [["list", "extra"]],
    [["list", "--nonsense"]],
    [["terminate"]],
    [["kill", "1", "--signal", "NOPE"]],
    [["kill", "1", "--signal", "65"]],
    [["kill", "1", "--signal", "0"]],
    [["kill", "1", "--whom", "others"]],
    [["deregister", "1", "2"]],
    [["register", "operand"]],
    [["register", "--"]],
    [["register", "--leader", "me"]],
    [["register", "--leader", "5", "--", "true"]],
    [["register", "--pam"]],
    [["--socket"]],
    [["help", "frobnicate"]],
  ])("%j exits with 2 and one line", async (args) => {
    const { status, out, error } = await bridge.run(args);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(error).toMatch(/^sessionctl: [^\n]+\n$/);
  });
});

describe("help", () => {
  it.each(verbs.map((verb) => verb.name))("of %s names its options", async (name) => {
    const asked = await bridge.run([name, "--help"]);
    expect(asked.status).toBe(0);
    expect(asked.out).toMatch(new RegExp(`^Usage: sessionctl ${name}`));
    for (const option of Object.keys(verbs.find((verb) => verb.name === name)?.options ?? {})) {
      expect(asked.out).toContain(`--${option}`);
    }
    expect((await bridge.run(["help", name])).out).toBe(asked.out);
  });

  it("names all verbs, in lines that fit a terminal", async () => {
    const { out } = await bridge.run(["--help"]);
    for (const verb of verbs) expect(out).toContain(`\n  ${verb.name}`);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe("a daemon that is not there", () => {
  it.each([["list"], ["status", "1"], ["monitor"], ["terminate", "1"], ["register"]])(
    "%s: exits with 4",
    async (...args) => {
      const path = join(bridge.directory, "none.sock");
      const { status, error } = await bridge.run(["--socket", path, ...args]);
      expect(status).toBe(4);
      expect(error).toMatch(/^sessionctl: cannot [^\n]+: no such socket; sessionmand does not run\n$/);
      expect(error).toContain(path);
    },
  );

  it("is waited for no longer than five seconds", async () => {
    const path = join(bridge.directory, "silent.sock");
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const began = Date.now();
    const { status, error } = await bridge.run(["--socket", path, "list"]);
    expect(Date.now() - began).toBeLessThan(6000);
    expect({ status, error }).toEqual({
      status: 4,
      error: `sessionctl: cannot list the sessions: ${path}: no answer from the daemon within 5 s\n`,
    });
    server.close();
  });

  it("is asked again when it goes away in the middle of a question", async () => {
    const path = join(bridge.directory, "restarted.sock");
    let times = 0;
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () =>
        ++times < 3 ? socket.destroy() : socket.write('{"parameters":{"sessions":[]}}\0'),
      );
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(await bridge.run(["--socket", path, "list", "--no-legend"])).toEqual({
      status: 0,
      out: "",
      error: "",
    });
    times = 0;
    expect((await bridge.run(["--socket", path, "terminate", "1"])).status).toBe(4);
    expect(times).toBe(1);
    server.close();
  });

  it.each([
    ["not JSON", "nonsense\0"],
    ["no object", "5\0"],
  ])("answers that are %s are no answers", async (_what, answer) => {
    const path = join(bridge.directory, "mad.sock");
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect((await bridge.run(["--socket", path, "terminate", "1"])).status).toBe(4);
    server.close();
  });

  it("of another kind is recognised", async () => {
    const path = join(bridge.directory, "other.sock");
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end('{"parameters":{"sessions":[{"id":1}]}}\0');
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const { status, error } = await bridge.run(["--socket", path, "list"]);
    expect(status).toBe(1);
    expect(error).toContain('lacks a proper "sessions"');
    server.close();
  });
});
