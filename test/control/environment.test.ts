/** What a user's services wrote, and the variables that they are given. */

import { beforeEach, describe, expect, it } from "vitest";
import { ALICE, BOB, Machine, type TestClient, withManagers } from "./machine.ts";

const OURS = "org.sessionman.Login";

let machine: Machine;
let root: TestClient;

beforeEach(() => {
  machine = new Machine(withManagers());
  root = machine.connect(0);
});

describe("the log of a user's manager", () => {
  it("is text that drives no terminal", async () => {
    await machine.login(ALICE);
    machine.kernel.system.logs.set(ALICE, "a\tb\r\n\u001b]0;owned\u0007 é \u202e\u0085\ufffd\n");
    expect((await root.call("GetUserLog", { uid: ALICE })).parameters).toEqual({
      text: "a\tb\n\\x1b]0;owned\\x07 é \\u{202e}\\x85\ufffd\n",
    });
  });

  it("is empty as long as nothing was written", async () => {
    await machine.login(ALICE);
    expect((await root.call("GetUserLog", { uid: ALICE })).parameters).toEqual({ text: "" });
  });
});

describe("an imported environment", () => {
  const orders = () => machine.manager(ALICE).orders.filter(([word]) => word !== "stop");

  it("is told to the manager, and to the graphical services", async () => {
    await machine.login(ALICE);
    machine.manager(ALICE).run();
    const parameters = { uid: ALICE, set: { WAYLAND_DISPLAY: "wayland-1" }, unset: ["OLD"] };
    expect(await root.call("ImportEnvironment", parameters)).toEqual({ parameters: {} });
    expect(orders()).toEqual([
      ["environment", "WAYLAND_DISPLAY=wayland-1"],
      ["graphical", "start"],
    ]);
  });

  it("belongs to the session it comes from, found by control group, and to none of another user", async () => {
    const { id, leader } = await machine.login(ALICE);
    const set = { DISPLAY: ":1" };
    await machine.connect(ALICE, { parent: leader }).call("ImportEnvironment", { set, unset: [] });
    const imported = () => machine.engine.world().users.get(ALICE)?.imported.get("DISPLAY");
    expect(imported()).toEqual({ value: ":1", session: id });
    const inside = machine.connect(0, { parent: leader });
    await inside.call("ImportEnvironment", { uid: ALICE, set: { DISPLAY: ":2" }, unset: [] });
    expect(imported()).toEqual({ value: ":2", session: id });
    await machine.login(BOB);
    const bobs = machine.process(0, { cgroup: "/user.slice/user-1001.slice/session-2.scope" });
    await machine.client(bobs).call("ImportEnvironment", { uid: ALICE, set: { DISPLAY: ":3" }, unset: [] });
    expect(imported()).toEqual({ value: ":3", session: null });
  });

  it.each([
    ["a name that is none", { set: { "A=B": "x" } }],
    ["an empty name", { unset: [""] }],
    ["a newline", { set: { A: "x\ny" } }],
    ["half a character", { set: { A: "\ud800" } }],
    ["too long a value", { set: { A: "x".repeat(4097) } }],
  ])("with %s is refused with a sentence", async (_, parameters) => {
    await machine.login(ALICE);
    const answer = await root.call("ImportEnvironment", { uid: ALICE, set: {}, unset: [], ...parameters });
    expect(answer.error).toBe(`${OURS}.Failed`);
    expect(answer.parameters?.message).toMatch(/variable|value/);
    expect(machine.engine.world().users.get(ALICE)?.imported.size).toBe(0);
  });

  it("is not taken for a user who is not there", async () => {
    const answer = await root.call("ImportEnvironment", { uid: BOB, set: { A: "b" }, unset: [] });
    expect(answer).toEqual({ error: `${OURS}.NoSuchUser`, parameters: { uid: BOB } });
  });

  it("takes __proto__ for a name as any other", async () => {
    await machine.login(ALICE);
    const set = JSON.parse('{"__proto__":"x"}');
    await root.call("ImportEnvironment", { uid: ALICE, set, unset: [] });
    expect([...(machine.engine.world().users.get(ALICE)?.imported.keys() ?? [])]).toEqual(["__proto__"]);
  });
});
