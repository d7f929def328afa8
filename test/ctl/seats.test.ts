/** sessionctl's verbs about seats and devices, from the command line to the core. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newCard, newKeyboard } from "../control/devices.ts";
import { ALICE, BOB } from "../control/machine.ts";
import { Bridge } from "./bridge.ts";

let bridge: Bridge;
/** alice is on terminal 2, which is shown, bob on 3. */
let alice: string;
let bob: string;

/** Something that every machine has, standing for a device of a seat. */
const real = newCard(0, {
  path: "/sys/devices/virtual/mem/null",
  node: "/dev/null",
  name: "null",
  subsystem: "mem",
  number: { major: 1, minor: 3, block: false },
});
const [input, event] = newKeyboard(3);

beforeEach(async () => {
  bridge = new Bridge();
  const { machine } = bridge;
  bridge.caller = machine.process(0);
  alice = await machine.terminalSession(ALICE, 2);
  bob = await machine.terminalSession(BOB, 3);
  await machine.show(2);
  for (const each of [real, newCard(1, { seat: "seat1" }), input, event])
    machine.kernel.system.seats.plug(each);
  await machine.kernel.settle();
  await bridge.start();
});

afterEach(() => bridge.stop());

const foreground = () => bridge.machine.engine.world().seats.get("seat0")?.active;
const asUser = (uid: number) => {
  bridge.caller = bridge.machine.process(uid);
};

describe("seats", () => {
  it("are a table", async () => {
    const { out } = await bridge.run(["seats"]);
    const [header, first, second, , footer] = out.split("\n");
    expect(header).toMatch(/^SEAT +SESSION +USER +TERMINAL +SESSIONS +GRAPHICAL$/);
    expect(first).toMatch(new RegExp(`^seat0 +${alice} +alice +2 +${alice} ${bob} +yes$`));
    expect(second).toMatch(/^seat1 +- +- +- +- +yes$/);
    expect(footer).toBe("2 seats.");
  });

  it("are JSON", async () => {
    const { out } = await bridge.run(["seats", "--json"]);
    expect(JSON.parse(out)).toMatchObject([{ id: "seat0", activeSession: alice }, { id: "seat1" }]);
  });
});

describe("seat-status", () => {
  it("shows who is there and the devices as a tree", async () => {
    const { out } = await bridge.run(["seat-status"]);
    expect(out).toBe(
      [
        "seat0",
        `  Foreground: session ${alice} (alice)`,
        `    Sessions: ${alice} (alice), ${bob} (bob)`,
        "   Graphical: yes",
        "   Terminals: yes, 2 is on the screen",
        "  Devices:",
        "    ├─input:input3 [seat]",
        "    │ └─input:event3 /dev/input/event3 root:g0 rw-rw----",
        "    └─mem:null /dev/null root:g0 rw-rw----, user alice rw- [master-of-seat, uaccess, seat]",
        "",
      ].join("\n"),
    );
  });

  it("takes seats, and says which is none", async () => {
    const { status, out, error } = await bridge.run(["seat-status", "seat1", "seat7"]);
    expect(status).toBe(3);
    expect(error).toBe("sessionctl: cannot show seat seat7: there is no seat seat7\n");
    expect(out).toMatch(/^seat1\n +Foreground: nobody\n +Graphical: yes\n +Terminals: no\n/);
  });

  it("shows who has taken a device", async () => {
    const { engine } = bridge.machine;
    const world = engine.world();
    const session = world.sessions.get(alice);
    if (session === undefined) throw new Error("alice has no session");
    const control = {
      name: ":1.5",
      bus: "0".repeat(32),
      uid: ALICE,
      pid: 4711,
      originalType: "tty" as const,
    };
    engine.submit({
      kind: "session.controlRequested",
      at: session.created,
      requester: { room: "login1", call: 1 },
      caller: { uid: ALICE, pid: 4711 },
      id: alice,
      force: false,
      controller: control,
    });
    await bridge.machine.kernel.settle();
    const device = bridge.machine.kernel.findDevice({ major: 13, minor: 67 });
    engine.submit({
      kind: "device.takeRequested",
      at: session.created,
      requester: { room: "login1", call: 2 },
      caller: { uid: ALICE, pid: 4711 },
      id: alice,
      name: ":1.5",
      number: { major: 13, minor: 67 },
      device,
    });
    await bridge.machine.kernel.settle();
    const { out } = await bridge.run(["seat-status"], { environment: { LANG: "C" } });
    expect(out).toContain(`|   \`-/dev/input/event3: session ${alice} has it, process 4711, active\n`);
    expect((await bridge.run(["status", alice])).out).toContain("Controller: 4711\n");
  });
});

describe("activate and switch", () => {
  it.each<[string[], () => string]>([
    [["activate", "2"], () => bob],
    [["switch", "3"], () => bob],
    [["switch", "next"], () => bob],
    [["switch", "previous", "--seat=seat0"], () => bob],
    [["switch", "2"], () => alice],
  ])("%j", async (args, there) => {
    expect(await bridge.run(args)).toEqual({ status: 0, out: "", error: "" });
    await bridge.machine.kernel.settle();
    expect(foreground()).toBe(there());
  });

  it.each<[string[], number, string]>([
    [["activate", "77"], 3, "cannot activate session 77: there is no session 77"],
    [["switch", "0"], 2, "the place is a number, next or previous, not 0"],
    [["switch", "left"], 2, "the place is a number, next or previous, not left"],
    [["switch"], 2, "switch needs more arguments; usage: sessionctl switch N|next|previous"],
    [["switch", "64"], 1, "cannot switch seat0 to 64: 64 is no virtual terminal of seat0"],
    [["switch", "--seat", "seat7", "1"], 3, "cannot switch seat7 to 1: there is no seat seat7"],
  ])("%j: %i", async (args, status, error) => {
    expect(await bridge.run(args)).toEqual({ status, out: "", error: `sessionctl: ${error}\n` });
  });

  it("are not for who sits elsewhere", async () => {
    asUser(BOB);
    const { status, error } = await bridge.run(["activate", bob]);
    expect([status, error]).toEqual([
      1,
      `sessionctl: cannot activate session ${bob}: not permitted to this user\n`,
    ]);
  });
});

describe("lock and unlock", () => {
  it.each(["lock", "unlock"])("%s sessions, for root and their users", async (verb) => {
    expect((await bridge.run([verb, alice, bob])).status).toBe(0);
    asUser(ALICE);
    const { status, error } = await bridge.run([verb, bob, alice]);
    expect([status, error]).toEqual([
      1,
      `sessionctl: cannot ${verb} session ${bob}: not permitted to this user\n`,
    ]);
  });
});

describe("attach and flush-devices", () => {
  it("take nodes and paths, and say what was attached", async () => {
    expect((await bridge.run(["attach", "seat1", "/dev/null"])).out).toBe(`${real.path}\n`);
    const below = await bridge.run(["attach", "--json", "seat2", "/sys/devices/virtual/mem/null"]);
    expect(JSON.parse(below.out)).toEqual({ seat: "seat2", path: real.path });
    expect([...bridge.machine.kernel.system.seats.rules]).toEqual([["drm-pci-0", "seat2"]]);
    expect((await bridge.run(["flush-devices"])).status).toBe(0);
    expect(bridge.machine.kernel.system.seats.rules.size).toBe(0);
  });

  it.each<[string[], number, string]>([
    [["attach", "seat1", "/dev/no-such"], 3, "cannot attach /dev/no-such to seat1: /dev/no-such: ENOENT"],
    [["attach", "seat1", "/etc/passwd"], 3, "cannot attach /etc/passwd to seat1: /etc/passwd is no device"],
    [["attach", "9", "/dev/null"], 1, "cannot attach /dev/null to 9: the daemon does not accept this seat"],
    [
      ["attach", "seat1", "/dev/zero"],
      3,
      "cannot attach /dev/zero to seat1: there is no such device at /sys/devices/virtual/mem/zero",
    ],
  ])("%j: %i", async (args, status, error) => {
    expect(await bridge.run(args)).toEqual({ status, out: "", error: `sessionctl: ${error}\n` });
  });
});

describe("explain of a device", () => {
  it("says in sentences why, and what is needed", async () => {
    asUser(BOB);
    expect((await bridge.run(["explain", "/dev/null"])).out).toBe(
      [
        "bob (1001) may not open /dev/null for reading and writing:",
        "  nothing in the permissions of the node is for bob, only what everybody has (---)",
        "  it belongs to seat0, and by the tag uaccess to the user in the foreground there",
        `  session ${alice} of alice is in the foreground of seat0`,
        "One of these is needed:",
        `  session ${bob} of bob in the foreground: sessionctl activate ${bob}`,
        "Permissions: root:g0 rw-rw----, user alice rw-",
        "Device: /sys/devices/virtual/mem/null [master-of-seat, uaccess, seat]",
        "",
      ].join("\n"),
    );
  });

  it("is about another user for root, by the path below /sys too", async () => {
    const { out } = await bridge.run(["explain", "--user=alice", "/sys/devices/virtual/mem/null"]);
    expect(out).toMatch(/^alice \(1000\) may open \/dev\/null for reading and writing:\n {2}the access list/);
    const json = JSON.parse((await bridge.run(["explain", "--json", "/dev/null"])).out);
    expect(json).toMatchObject({ node: "/dev/null", uid: 0, mayOpen: true, device: { seat: "seat0" } });
  });

  it.each<[string[], number, string]>([
    [["explain", "/dev/no-such"], 3, "cannot explain /dev/no-such: /dev/no-such: ENOENT"],
    [["explain", "/sys/class/net/lo"], 3, "has no node in /dev"],
    [["explain", "/dev/zero"], 3, "cannot explain /dev/zero: there is no such device at /dev/zero"],
    [["explain", "--user=nobody-such", "/dev/null"], 3, "there is no user nobody-such"],
  ])("%j: %i", async (args, status, error) => {
    const run = await bridge.run(args);
    expect(run.status).toBe(status);
    expect(run.error).toContain(error);
  });
});

it("monitor shows seats and what becomes of them", async () => {
  let out = "";
  const stop = new Promise<void>((resolve) => {
    void bridge
      .run(["monitor"], {}, (text) => {
        out += text;
        if (out.includes("seat_changed")) resolve();
      })
      .catch(() => {});
  });
  setTimeout(() => void bridge.machine.show(3), 50);
  await stop;
  expect(out).toMatch(new RegExp(` seat seat0 session ${alice} terminal 2\\n`));
  expect(out).toMatch(/ seat seat1 nobody\n/);
  expect(out).toMatch(new RegExp(` seat_changed seat0 session ${bob} terminal 3\\n`));
});
