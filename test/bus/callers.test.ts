/** Who calls: as the bus says, never as anybody else does. */

import { describe, expect, it, vi } from "vitest";
import type { Caller } from "../../daemon/src/bus/call.ts";
import { METHOD_RETURN, SIGNAL } from "../../daemon/src/bus/header.ts";
import { type Value, Variant } from "../../daemon/src/bus/values.ts";
import { DRIVER } from "./fake-bus.ts";
import { doCall, ERRORS, giveCall, holdTimers, useRig } from "./rig.ts";
import { wire } from "./wire.ts";

const rig = useRig();

describe("a caller", () => {
  it("is asked for once, and its calls keep their order", async () => {
    await rig().up();
    const serials = [1, 2, 3].map((i) => rig().call({ body: [`${i}`] }));
    await rig().turn();
    expect(rig().server.now.asked.filter((each) => each === "GetConnectionCredentials")).toHaveLength(1);
    expect(rig().server.now.sent.map(({ header }) => header.replySerial)).toEqual(serials);
  });

  it("is who the bus says", async () => {
    await rig().up();
    let caller: Caller | null = null;
    rig().handler = (each) => {
      caller = each.caller;
      return ["ok"];
    };
    await rig().outcome(rig().call({ flags: 4 }));
    expect(caller).toMatchObject({ name: ":1.5", uid: 1000, pid: 5000, gone: false });
  });

  it.each([
    ["an error", null],
    ["no uid", ["a{sv}", [new Map([["ProcessID", new Variant("u", 7)]])]]],
    ["a uid of another type", ["a{sv}", [new Map([["UnixUserID", new Variant("s", "0")]])]]],
    ["nobody's uid", ["a{sv}", [new Map([["UnixUserID", new Variant("u", 0xffff_ffff)]])]]],
    ["another signature", ["s", ["0"]]],
  ] as [string, [string, Value[]] | null][])("of whom the bus says %s is denied", async (_, answer) => {
    rig().server.answers.GetConnectionCredentials = () => answer;
    await rig().up();
    let handled = false;
    rig().handler = () => {
      handled = true;
      return ["ok"];
    };
    expect(await rig().outcome(rig().call())).toBe(`${ERRORS}.AccessDenied`);
    expect(handled).toBe(false);
  });

  it("is asked for again soon where the bus throws its answer away", async () => {
    const { answers } = rig().server;
    const answer = answers.GetConnectionCredentials;
    let lost = 3;
    answers.GetConnectionCredentials = (args) => {
      lost -= 1;
      return lost < 0 ? answer?.(args) : undefined;
    };
    await rig().up();
    const serial = rig().call();
    holdTimers();
    for (let i = 0; i < 4; i += 1) {
      await rig().turn();
      vi.advanceTimersByTime(400);
    }
    expect(await rig().outcome(serial)).toBe("hi");
  });

  it("cannot answer for the bus", async () => {
    rig().server.answers.GetConnectionCredentials = () => undefined;
    await rig().up();
    const serial = rig().call();
    await rig().turn();
    // the serials of our calls so far: Hello, AddMatch, RequestName, GetConnectionCredentials
    const credentials = new Map([["UnixUserID", new Variant("u", 0)]]);
    for (let replySerial = 1; replySerial < 20; replySerial += 1)
      rig().server.now.send({
        type: METHOD_RETURN,
        sender: ":1.5",
        replySerial,
        signature: "a{sv}",
        body: [credentials],
      });
    expect(await rig().outcome(serial)).toBeUndefined();
  });

  it("cannot say who leaves", async () => {
    await rig().up();
    let caller: Caller | null = null;
    rig().handler = (each) => {
      caller = each.caller;
      return ["ok"];
    };
    await rig().outcome(rig().call());
    const head = { path: "/org/freedesktop/DBus", interface: DRIVER, member: "NameOwnerChanged" };
    rig().server.now.send({
      ...head,
      type: SIGNAL,
      sender: ":1.6",
      signature: "sss",
      body: [":1.5", ":1.5", ""],
    });
    await rig().turn();
    expect(caller).toMatchObject({ gone: false });
  });

  it("that leaves is gone, told once, and forgotten", async () => {
    await rig().up();
    const told: string[] = [];
    let caller: Caller | undefined;
    rig().handler = (each) => {
      caller = each.caller;
      caller.whenGone(() => told.push("first"));
      caller.whenGone(() => told.push("never"))();
      return ["ok"];
    };
    await rig().outcome(rig().call());
    rig().server.now.leaves(":1.5");
    await rig().turn();
    expect(caller?.gone).toBe(true);
    expect(told).toEqual(["first"]);
    caller?.whenGone(() => told.push("late"));
    await rig().turn();
    expect(told).toEqual(["first", "late"]);
    const looked = [rig().bus.lookUp(":1.6"), rig().bus.lookUp(":1.5")];
    await rig().turn();
    expect(await Promise.all(looked)).toMatchObject([{ uid: 1001 }, null]);
  });

  it("that leaves before the bus's answer was looked at is not kept", async () => {
    await rig().up();
    const looked = rig().bus.lookUp(":1.5");
    const { send } = rig().server.now;
    // the answer and the news in one read
    const parts: Buffer[] = [];
    rig().server.now.send = (message) => {
      parts.push(wire({ serial: 1, destination: ":1.1", ...message }));
      return 0;
    };
    await rig().turn();
    rig().server.now.leaves(":1.5");
    rig().server.now.send = send;
    rig().server.now.service.send(Buffer.concat(parts));
    await rig().turn();
    expect(await looked).toBeNull();
  });

  describe("that leaves without our hearing of it", () => {
    /** What each watched caller of the calls so far is told. */
    const watch = () => {
      const told: string[] = [];
      rig().handler = ({ caller }) => {
        caller.whenGone(() => told.push(caller.name));
        return ["ok"];
      };
      return told;
    };
    const flood = () => {
      for (let fd = 50; fd < 54; fd += 1) rig().server.now.call(":1.6", giveCall, [fd]);
    };
    const later = async (ms: number) => {
      await rig().turn();
      vi.advanceTimersByTime(ms);
      await rig().turn();
    };

    it("is asked for soon after a flood", async () => {
      holdTimers();
      await rig().up();
      const told = watch();
      await rig().outcome(rig().call());
      rig().server.uids.delete(":1.5");
      await later(60_000);
      expect(rig().server.now.asked).not.toContain("NameHasOwner");
      flood();
      await later(999);
      expect(told).toEqual([]);
      await later(1);
      expect(told).toEqual([":1.5"]);
    });

    it("is asked for until the bus answers", async () => {
      holdTimers();
      await rig().up();
      const told = watch();
      await rig().outcome(rig().call());
      rig().server.uids.delete(":1.5");
      const { answers } = rig().server;
      const { NameHasOwner = () => undefined } = answers;
      answers.NameHasOwner = () => undefined;
      flood();
      await later(1_000);
      answers.NameHasOwner = NameHasOwner;
      await later(400);
      expect(told).toEqual([]);
      await later(1_000);
      expect(told).toEqual([":1.5"]);
    });

    it("is forgotten when there are very many", async () => {
      holdTimers();
      await rig().up();
      const told = watch();
      for (let i = 0; i < 600; i += 1) {
        rig().server.uids.set(`:2.${i}`, 1000);
        rig().server.now.call(`:2.${i}`, doCall);
        if (i % 64 === 63) await rig().turn();
      }
      await rig().turn();
      for (let i = 0; i < 500; i += 1) rig().server.uids.delete(`:2.${i}`);
      rig().call();
      await later(1_000);
      expect(told).toHaveLength(500);
    });
  });

  it("is gone with the bus", async () => {
    await rig().up();
    const told: string[] = [];
    rig().handler = ({ caller }) => {
      caller.whenGone(() => told.push(caller.name));
      return ["ok"];
    };
    await rig().outcome(rig().call());
    await rig().loseBus();
    expect(told).toEqual([":1.5"]);
  });
});
