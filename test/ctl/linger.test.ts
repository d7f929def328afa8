/** Lingering by sessionctl, and what it takes over from the lists of other programs. */

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { lookUpUser } from "../../daemon/src/ctl/accounts.ts";
import { unescapeName } from "../../daemon/src/ctl/linger-import.ts";
import { ALICE, BOB, type Machine, withManagers } from "../control/machine.ts";
import { type Bridge, useBridge } from "./bridge.ts";

const isRoot = process.geteuid?.() === 0;

let bridge: Bridge;
let machine: Machine;

useBridge((made) => {
  bridge = made;
  machine = made.machine;
}, withManagers());

describe("linger", () => {
  it("is turned on and off by name and uid, and listed", async () => {
    const enabled = await bridge.run(["linger", "enable", "alice", "1001"]);
    expect(enabled).toEqual({ status: 0, out: "", error: "" });
    await machine.kernel.settle();
    machine.kernel.system.managers.get(ALICE)?.run();
    const { out } = await bridge.run(["linger", "list"]);
    expect(out).toMatch(/^ *UID +USER +STATE +MANAGER$/m);
    expect(out).toMatch(/^1000 +alice +lingering +running$/m);
    expect(out).toMatch(/^1001 +bob +lingering +starting$/m);
    expect(out).toContain("\n2 users.\n");
    expect(JSON.parse((await bridge.run(["linger", "list", "--json"])).out)).toMatchObject([
      { uid: ALICE, name: "alice" },
      { uid: BOB, name: "bob" },
    ]);
    expect((await bridge.run(["linger", "disable", "alice", "bob"])).status).toBe(0);
    expect(machine.lingering.size).toBe(0);
  });

  it("is the caller's own without a name", async () => {
    bridge.caller = machine.process(BOB);
    expect((await bridge.run(["linger", "enable"])).status).toBe(0);
    expect([...machine.lingering.values()]).toEqual(["bob"]);
  });

  it("says who may, and goes on with the next", async () => {
    bridge.caller = machine.process(BOB);
    const { status, error } = await bridge.run(["linger", "enable", "alice", "nobody-at-all", "bob"]);
    expect(status).toBe(1);
    expect(error).toBe(
      "sessionctl: cannot turn lingering on for user alice: not permitted to this user\n" +
        "sessionctl: there is no user nobody-at-all\n",
    );
    expect([...machine.lingering.values()]).toEqual(["bob"]);
  });

  it("can be turned off for a user who was removed, by the name in the list", async () => {
    await bridge.run(["linger", "enable", "alice"]);
    bridge.accounts.delete("alice");
    machine.kernel.system.users.delete(ALICE);
    const disabled = await bridge.run(["linger", "disable", "alice"]);
    expect(disabled).toEqual({ status: 0, out: "", error: "" });
    expect(machine.lingering.size).toBe(0);
  });

  it.each([
    [["linger"]],
    [["linger", "on"]],
    [["linger", "list", "alice"]],
    [["linger", "enable", "--dry-run"]],
    [["linger", "import", "logind"]],
  ])("%j is wrong usage", async (args) => {
    const { status, out, error } = await bridge.run(args);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(error).toMatch(/^sessionctl: [^\n]+\n$/);
  });
});

describe.skipIf(!isRoot)("linger import (SKIP unless root: it refuses everybody else)", () => {
  let list = "";

  beforeEach(() => {
    list = join(bridge.directory, "linger");
    mkdirSync(list);
  });
  const files = (...names: string[]) => {
    for (const name of names) writeFileSync(join(list, name), "");
  };

  it("takes over who exists, says so, and leaves the list alone", async () => {
    files("alice", "gone");
    mkdirSync(join(list, "directory"));
    symlinkSync("alice", join(list, "bob"));
    expect(await bridge.run(["linger", "import", list])).toEqual({
      status: 0,
      out: [
        `${list}:`,
        "  alice (1000): lingers now",
        "  bob: not a regular file: skipped",
        "  directory: not a regular file: skipped",
        "  gone: there is no such user: skipped",
        "",
      ].join("\n"),
      error: "",
    });
    expect([...machine.lingering]).toEqual([[ALICE, "alice"]]);
    expect((await bridge.run(["linger", "import", list])).out).toContain("alice (1000): lingers already\n");
  });

  it("only says what it would do with --dry-run", async () => {
    files("alice");
    const { out } = await bridge.run(["linger", "import", "--dry-run", list]);
    expect(out).toBe(`${list}:\n  alice (1000): would linger\n`);
    expect(machine.lingering.size).toBe(0);
  });

  it("is a JSON array on request", async () => {
    files("alice", "gone");
    const { out } = await bridge.run(["linger", "import", "--json", list]);
    expect(JSON.parse(out)).toEqual([
      { list, name: "alice", uid: ALICE, result: "enabled" },
      { list, name: "gone", uid: null, result: "no-such-user" },
    ]);
  });

  it("reads escaped names, and those that only look escaped", async () => {
    bridge.accounts.set("müller-x", 1002);
    bridge.accounts.set("DOM\\nina", 1003);
    for (const [name, uid] of bridge.accounts) {
      machine.kernel.system.users.set(uid, { uid, gid: uid, name, groups: [] });
    }
    files("m\\303\\274ller\\x2dx", "DOM\\nina");
    const { out } = await bridge.run(["linger", "import", list]);
    expect(out).toContain("  müller-x (1002): lingers now\n");
    expect(out).toContain("  DOM\\nina (1003): lingers now\n");
    expect(machine.lingering.get(1003)).toBe("DOM\\nina");
  });

  it("names what the daemon refuses, and goes on", async () => {
    files("alice", "bob");
    machine.kernel.system.users.delete(ALICE);
    const { out, error, status } = await bridge.run(["linger", "import", list]);
    expect(status).toBe(1);
    expect(error).toMatch(/^sessionctl: cannot turn lingering on for user alice: /);
    expect(out).toBe(`${list}:\n  alice (1000): failed\n  bob (1001): lingers now\n`);
  });

  it("names a list that cannot be read", async () => {
    const { status, error } = await bridge.run(["linger", "import", join(list, "none")]);
    expect(status).toBe(1);
    expect(error).toContain(`cannot read ${join(list, "none")}: ENOENT\n`);
  });

  it("is content with a system that has none of the lists", async () => {
    expect((await bridge.run(["linger", "import", "--dry-run"])).status).toBe(0);
  });
});

it("only root may import lists", async () => {
  vi.spyOn(process, "geteuid").mockReturnValue(1000);
  expect(await bridge.run(["linger", "import", "/var/empty"])).toEqual({
    status: 1,
    out: "",
    error: "sessionctl: cannot import lists of lingering users: only root may do this\n",
  });
});

describe("names", () => {
  it.each([
    ["alice", "alice"],
    ["a\\x2db", "a-b"],
    ["DOM\\\\bob", "DOM\\bob"],
    ["m\\303\\274ller", "müller"],
    ["müller", "müller"],
    ["tab\\there", "tab\there"],
    ["end\\", "end\\"],
    ["\\x4", "x4"],
  ])("%s stands for %s", (file, name) => {
    expect(unescapeName(file)).toBe(name);
  });

  it("are looked up in the user database", () => {
    expect(lookUpUser("root")).toBe(0);
    expect(lookUpUser("no-such-user-here")).toBeNull();
    expect(lookUpUser("--help")).toBeNull();
    expect(lookUpUser("")).toBeNull();
  });
});
