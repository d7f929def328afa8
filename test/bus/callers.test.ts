/** Who calls: as the bus says, never as anybody else does. */

import { describe, expect, it, vi } from "vitest";
import type { Caller } from "../../daemon/src/bus/call.ts";
import { METHOD_RETURN, SIGNAL } from "../../daemon/src/bus/header.ts";
import { type Value, Variant } from "../../daemon/src/bus/values.ts";
import { DRIVER } from "./fake-bus.ts";
import { ERRORS, holdTimers, useRig } from "./rig.ts";
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
