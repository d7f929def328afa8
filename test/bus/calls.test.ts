/** What callers send, right and wrong, and what comes back. */

import { describe, expect, it, vi } from "vitest";
import type { Call } from "../../daemon/src/bus/call.ts";
import { METHOD_RETURN, SIGNAL } from "../../daemon/src/bus/header.ts";
import { LATER } from "../../daemon/src/bus/table.ts";
import type { Value } from "../../daemon/src/bus/values.ts";
import { LOST_FDS } from "../../daemon/src/kernel/kernel.ts";
import { doCall, ERRORS, giveCall, holdTimers, NAME, ROOT, useRig } from "./rig.ts";
import { type WireMessage, wire } from "./wire.ts";

const rig = useRig();

function properties(member: string): Partial<WireMessage> {
  return { interface: "org.freedesktop.DBus.Properties", member };
}

describe("a call", () => {
  it("is answered, also byte by byte", async () => {
    await rig().up();
    expect(await rig().outcome(rig().call())).toBe("hi");
    const bytes = wire({ ...doCall, sender: ":1.5", serial: 77 });
    for (const byte of bytes) rig().server.now.service.send(Buffer.of(byte));
    expect(await rig().outcome(77)).toBe("hi");
    expect(rig().server.now.answerTo(77)?.header).toMatchObject({
      type: METHOD_RETURN,
      destination: ":1.5",
      flags: 1,
    });
  });

  it.each<[string, Partial<WireMessage>, string]>([
    ["no such object", { path: "/t/u" }, `${ERRORS}.UnknownObject`],
    ["no such method", { member: "Nope" }, `${ERRORS}.UnknownMethod`],
    ["no such interface", { interface: "org.example.Nope" }, `${ERRORS}.UnknownMethod`],
    ["another signature", { signature: "u", body: [1] }, `${ERRORS}.InvalidArgs`],
    ["no body", { signature: "", body: [] }, `${ERRORS}.InvalidArgs`],
    ["a body that is none", { body: Buffer.from("ffffffff00", "hex") }, `${ERRORS}.InvalidArgs`],
    ["too long a body", { body: ["x".repeat(70_000)] }, `${ERRORS}.LimitsExceeded`],
    [
      "a property of an unknown interface",
      { ...properties("Get"), signature: "ss", body: ["a.b", "c"] },
      `${ERRORS}.UnknownInterface`,
    ],
    [
      "an unknown property",
      { ...properties("Get"), signature: "ss", body: [NAME, "c"] },
      `${ERRORS}.UnknownProperty`,
    ],
    [
      "no interface, and a method that none has",
      { interface: "", member: "Nope" },
      `${ERRORS}.UnknownMethod`,
    ],
  ])("with %s gets an error", async (_, message, name) => {
    await rig().up();
    expect(await rig().outcome(rig().call(message))).toBe(name);
    expect(await rig().outcome(rig().call())).toBe("hi");
  });

  it("without an interface means the only method of that name", async () => {
    await rig().up();
    expect(await rig().outcome(rig().call({ interface: "" }))).toBe("hi");
  });

  it("that wants no answer gets none", async () => {
    await rig().up();
    const serials = [rig().call({ flags: 1 }), rig().call({ flags: 1, member: "Nope" })];
    await rig().turn();
    for (const serial of serials) expect(rig().server.now.answerTo(serial)).toBeUndefined();
  });

  it("of Peer is answered on any path, as unauthenticated as any", async () => {
    await rig().up();
    const peer = { path: "/nowhere", interface: "org.freedesktop.DBus.Peer", signature: "", body: [] };
    const serial = rig().call({ ...peer, member: "Ping" });
    expect(await rig().outcome(serial)).toBeUndefined();
    expect(rig().server.now.answerTo(serial)?.header.type).toBe(METHOD_RETURN);
  });

  it("tells nothing of a bug", async () => {
    await rig().up();
    rig().handler = () => {
      throw new Error("secret");
    };
    const serial = rig().call();
    expect(await rig().outcome(serial)).toBe(`${ERRORS}.Failed`);
    expect(rig().server.now.answerTo(serial)?.body[0]).not.toMatch(/secret|\//);
    expect(rig().lines.at(-1)).toMatch(/^warn: bug: org.sessionman.Test.Do: .*secret/);
  });

  it("is refused when the handler's answer cannot be sent", async () => {
    await rig().up();
    rig().handler = () => [5];
    expect(await rig().outcome(rig().call())).toBe(`${ERRORS}.Failed`);
    rig().handler = () => ["x".repeat(33 << 20)];
    expect(await rig().outcome(rig().call())).toBe(`${ERRORS}.LimitsExceeded`);
    rig().handler = () => ["\ud800"];
    expect(await rig().outcome(rig().call())).toBe(`${ERRORS}.Failed`);
  });

  it("fails when it is open for three minutes", async () => {
    holdTimers();
    await rig().up();
    rig().handler = () => LATER;
    const serial = rig().call();
    expect(await rig().outcome(serial)).toBeUndefined();
    vi.advanceTimersByTime(180_000);
    expect(await rig().outcome(serial)).toBe(`${ERRORS}.Timeout`);
  });

  it("is refused while too many of its user are open, and root's is not", async () => {
    await rig().up();
    const open: Call[] = [];
    rig().handler = (each) => {
      open.push(each);
      return LATER;
    };
    // no more than 128 wait while the sender is unknown
    for (let i = 0; i < 256; i += 1) {
      rig().call();
      if (i % 100 === 0) await rig().turn();
    }
    await rig().turn();
    expect(open).toHaveLength(256);
    expect(await rig().outcome(rig().call())).toBe(`${ERRORS}.LimitsExceeded`);
    expect(await rig().outcome(rig().server.now.call(":1.7", doCall))).toBeUndefined();
    expect(open).toHaveLength(257);
    open[0]?.reply(["done"]);
    expect(await rig().outcome(rig().call())).toBeUndefined();
  });

  it("is answered in order with what is sent around it", async () => {
    await rig().up();
    rig().handler = (each) => {
      setTimeout(() => {
        rig().bus.emit(ROOT, rig().table, "Happened", ["before"]);
        each.reply(["now"]);
        each.reply(["again"]);
        rig().bus.emit(ROOT, rig().table, "Happened", ["after"]);
      }, 1);
      return LATER;
    };
    rig().call();
    await rig().turn();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await rig().turn();
    expect(rig().server.now.sent.map(({ body }) => body[0])).toEqual(["before", "now", "after"]);
  });
});

describe("descriptors", () => {
  const open = () => [...rig().kernel.system.receivedFds];

  it("are borrowed until the answer, or taken", async () => {
    await rig().up();
    const seen: number[] = [];
    let held: Call | undefined;
    rig().handler = (each) => {
      held = each;
      seen.push(each.fd(each.args[0] as Value));
      return LATER;
    };
    rig().call(giveCall, [50]);
    await rig().turn();
    expect(seen).toEqual([50]);
    expect(open()).toEqual([50]);
    held?.reply({ body: [0], fds: [60] });
    await rig().turn();
    expect(open()).toEqual([]);
    expect(rig().server.now.sent.at(-1)?.fds).toEqual([60]);
    rig().handler = (each) => {
      expect(each.takeFd(0)).toBe(51);
      return { body: [0], fds: [61] };
    };
    rig().call(giveCall, [51]);
    await rig().turn();
    expect(open()).toEqual([51]);
  });

  it.each<[string, Partial<WireMessage>]>([
    ["a method that takes none", doCall],
    ["an unknown method", { ...giveCall, member: "Nope" }],
    ["an unknown object", { ...giveCall, path: "/u" }],
    ["another signature", { ...giveCall, signature: "hh", body: [0, 1] }],
    ["an index beyond them", { ...giveCall, body: Buffer.of(99, 0, 0, 0) }],
    ["a handler that throws", { ...giveCall, body: [1] }],
    ["a signal", { ...giveCall, type: SIGNAL }],
    ["an answer to nothing", { type: METHOD_RETURN, replySerial: 999, signature: "h", body: [0] }],
    ["a message of an unknown type", { ...giveCall, type: 9 }],
    ["too long a body", { ...giveCall, body: Buffer.alloc(70_000) }],
  ])("of %s are closed", async (_, message) => {
    await rig().up();
    rig().handler = () => {
      throw new Error("as asked");
    };
    await rig().outcome(rig().call());
    rig().call(message, [50, 51]);
    await rig().turn();
    expect(open()).toEqual([]);
    rig().handler = ({ args }) => args;
    expect(await rig().outcome(rig().call())).toBe("hi");
  });

  it("that were lost cost their sender an error", async () => {
    await rig().up();
    await rig().outcome(rig().call());
    const serial = rig().call({ ...giveCall, fds: 2 }, [LOST_FDS]);
    expect(await rig().outcome(serial)).toBe(`${ERRORS}.LimitsExceeded`);
    expect(await rig().outcome(rig().call())).toBe("hi");
  });

  it("are closed when the bus goes, wherever their message waits", async () => {
    rig().server.answers.GetConnectionCredentials = () => undefined;
    await rig().up();
    rig().call(giveCall, [50]);
    await rig().turn();
    expect(open()).toEqual([50]);
    await rig().loseBus();
    expect(open()).toEqual([]);
  });

  it("of signals go to their reader, and are closed without a bus", async () => {
    await rig().up();
    rig().kernel.system.receivedFds.add(70).add(71).add(72);
    rig().bus.tell({ to: ":1.5", path: ROOT, table: rig().table, signal: "Handed", body: [0], fds: [70] });
    rig().bus.tell({ to: ":1.5", path: "/a-b", table: rig().table, signal: "Handed", body: [0], fds: [71] });
    await rig().turn();
    expect(rig().server.now.sent.at(-1)).toMatchObject({
      header: { destination: ":1.5", fds: 1 },
      fds: [70],
    });
    await rig().loseBus();
    rig().bus.tell({ to: ":1.5", path: ROOT, table: rig().table, signal: "Handed", body: [0], fds: [72] });
    expect(open()).toEqual([]);
  });
});
