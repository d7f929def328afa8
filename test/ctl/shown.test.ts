/** What sessionctl shows of sessions and users. */

import { describe, expect, it } from "vitest";
import { ALICE, BOB } from "../control/machine.ts";
import { type Bridge, useBridge } from "./bridge.ts";

let bridge: Bridge;

useBridge((made) => {
  bridge = made;
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
    bridge.machine.kernel.system.users.set(ALICE, {
      uid: ALICE,
      gid: ALICE,
      name: "al\u202eice",
      groups: [],
    });
    await bridge.machine.connect(ALICE, { parent: leader }).call("Register", { holder: false });
    bridge.caller = bridge.machine.process(ALICE, { parent: leader });
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
