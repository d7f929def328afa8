/** sessionctl's orders, its manners, and what it does without a daemon. */

import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { verbs } from "../../daemon/src/ctl/verbs.ts";
import { ALICE, BOB } from "../control/machine.ts";
import { type Bridge, useBridge } from "./bridge.ts";

let bridge: Bridge;

useBridge((made) => {
  bridge = made;
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
