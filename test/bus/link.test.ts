/** Connections to the bus: how they begin and end, and what we call over them. */

import { describe, expect, it, vi } from "vitest";
import { METHOD_RETURN } from "../../daemon/src/bus/header.ts";
import { Message } from "../../daemon/src/bus/values.ts";
import { doCall, ERRORS, holdTimers, ROOT, useRig } from "./rig.ts";
import type { WireMessage } from "./wire.ts";

const rig = useRig();

describe("a connection", () => {
  it("says who we are, asks for descriptors and who leaves", async () => {
    rig().bus.start();
    await rig().turn();
    const uid = Buffer.from(String(process.geteuid?.())).toString("hex");
    expect(rig().server.now.greeting).toBe(`\0AUTH EXTERNAL ${uid}\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n`);
    expect(rig().server.now.asked).toEqual(["Hello", "AddMatch"]);
    expect(rig().events).toEqual(["up"]);
    expect(rig().bus.guid).toBe("0123456789abcdef0123456789abcdef");
  });

  it("takes the name when it is told to, and again on the next one", async () => {
    holdTimers();
    await rig().up();
    expect(rig().server.now.asked.at(-1)).toBe("RequestName");
    await rig().loseBus();
    expect(rig().events).toEqual(["up", "down"]);
    expect(rig().bus.guid).toBeNull();
    rig().server.open();
    vi.advanceTimersByTime(200);
    await rig().turn();
    expect(rig().server.connections).toHaveLength(2);
    expect(rig().server.now.asked).toEqual(["Hello", "AddMatch", "RequestName"]);
  });

  it("is tried for ever, less and less often, and said once", async () => {
    holdTimers();
    const { services } = rig().kernel.system;
    const tries = vi.spyOn(services, "get");
    rig().server.close();
    rig().bus.start();
    for (const [i, wait] of [200, 400, 800, 1600, 3200, 5000, 5000].entries()) {
      vi.advanceTimersByTime(wait - 1);
      expect(tries).toHaveBeenCalledTimes(i + 1);
      vi.advanceTimersByTime(1);
    }
    expect(rig().lines).toHaveLength(1);
    rig().server.open();
    vi.advanceTimersByTime(5000);
    await rig().turn();
    expect(rig().events).toEqual(["up"]);
  });

  it.each([
    ["refuses us", "REJECTED EXTERNAL\r\n"],
    ["passes no descriptors", "OK 0123456789abcdef0123456789abcdef\r\nERROR\r\n"],
    ["names itself wrongly", "OK bus\r\nAGREE_UNIX_FD\r\n"],
    ["greets without end", "O".repeat(5000)],
    ["talks before it is asked", "OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\nl\r\n"],
  ])("to a bus that %s is given up", async (_, greeting) => {
    rig().bus.start();
    rig().server.now.greeting = "known";
    rig().server.now.service.send(Buffer.from(greeting));
    await rig().kernel.settle();
    expect(rig().server.now.service.closed).toBe(true);
    expect(rig().events).toEqual([]);
    expect(rig().lines[0]).toMatch(/^warn: no system bus/);
  });

  it("to a bus that is silent is given up after ten seconds", async () => {
    holdTimers();
    rig().server.answers.AddMatch = () => undefined;
    rig().bus.start();
    await rig().turn();
    vi.advanceTimersByTime(9_999);
    expect(rig().server.now.service.closed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(rig().server.now.service.closed).toBe(true);
    expect(rig().events).toEqual([]);
  });

  it("ends when the bus sends what is no message", async () => {
    await rig().up();
    rig().server.now.service.send(Buffer.alloc(16, 7));
    await rig().turn();
    expect(rig().server.now.service.closed).toBe(true);
    expect(rig().events).toEqual(["up", "down"]);
  });

  it("asks again for a name that somebody has", async () => {
    holdTimers();
    rig().server.answers.RequestName = () => ["u", [3]];
    await rig().up();
    expect(rig().lines.at(-1)).toMatch(/^warn: cannot own org.sessionman.Test/);
    rig().server.answers.RequestName = () => ["u", [1]];
    vi.advanceTimersByTime(5000);
    await rig().turn();
    expect(rig().lines.at(-1)).toBe("info: owns org.sessionman.Test");
  });

  it("does not come back after stop()", async () => {
    holdTimers();
    await rig().up();
    rig().bus.stop();
    vi.advanceTimersByTime(60_000);
    expect(rig().server.connections).toHaveLength(1);
    expect(rig().server.now.service.closed).toBe(true);
  });
});

describe("calls of ours", () => {
  const ask = (destination: string) =>
    new Message({ destination, path: "/p", interface: "a.b", member: "M" });

  it("count only what the one they asked answers", async () => {
    await rig().up();
    const answer = rig().bus.call(ask(":1.7"), { reply: "s" });
    await rig().turn();
    const serial = rig().server.now.sent[0]?.header.serial ?? 0;
    const reply = { type: METHOD_RETURN, replySerial: serial, signature: "s" };
    rig().server.now.send({ ...reply, sender: ":1.6", body: ["forged"] });
    rig().server.now.send({ ...reply, sender: ":1.7", body: ["true"] });
    rig().server.now.send({ ...reply, sender: ":1.7", body: ["twice"] });
    await rig().turn();
    expect(await answer).toEqual(["true"]);
  });

  it("to a well-known name go to its owner, which is started if need be", async () => {
    let owned = false;
    rig().server.answers.GetNameOwner = () => (owned ? ["s", [":1.7"]] : null);
    rig().server.answers.StartServiceByName = () => {
      owned = true;
      return ["u", [1]];
    };
    await rig().up();
    void rig()
      .bus.call(ask("org.example.Service"), { reply: "s" })
      .catch(() => {});
    await rig().turn();
    expect(rig().server.now.asked.slice(-3)).toEqual(["GetNameOwner", "StartServiceByName", "GetNameOwner"]);
    expect(rig().server.now.sent[0]?.header.destination).toBe(":1.7");
  });

  it.each([
    ["an error", { type: 3, errorName: "a.b.C", signature: "s", body: ["no"] }, "a.b.C"],
    ["an error of many words", { type: 3, errorName: "a.b.C", signature: "su", body: ["no", 1] }, "a.b.C"],
    ["another signature", { type: 2, signature: "u", body: [1] }, `${ERRORS}.InvalidSignature`],
    ["a broken body", { type: 2, signature: "s", body: Buffer.of(1) }, `${ERRORS}.InvalidSignature`],
    ["too much", { type: 2, signature: "s", body: ["x".repeat(70_000)] }, `${ERRORS}.InvalidSignature`],
  ] as [string, WireMessage, string][])("fail for %s", async (_, message, name) => {
    await rig().up();
    const answer = rig()
      .bus.call(ask(":1.7"), { reply: "s" })
      .catch((error) => error);
    await rig().turn();
    rig().server.now.send({
      sender: ":1.7",
      replySerial: rig().server.now.sent[0]?.header.serial ?? 0,
      ...message,
    });
    await rig().turn();
    expect(await answer).toMatchObject({ type: name });
  });

  it("fail at their deadline, without a bus and with its end", async () => {
    holdTimers();
    await rig().up();
    const late = rig()
      .bus.call(ask(":1.7"), { reply: "s" })
      .catch((error) => error.type);
    await rig().turn();
    vi.advanceTimersByTime(25_000);
    expect(await late).toBe(`${ERRORS}.NoReply`);
    const lost = rig()
      .bus.call(ask(":1.7"), { reply: "s" })
      .catch((error) => error.type);
    await rig().turn();
    await rig().loseBus();
    expect(await lost).toBe(`${ERRORS}.Disconnected`);
    expect(
      await rig()
        .bus.call(ask(":1.7"), { reply: "s" })
        .catch((error) => error.type),
    ).toBe(`${ERRORS}.Disconnected`);
    expect(await rig().bus.lookUp(":1.5")).toBeNull();
  });
});

describe("a bus that takes nothing", () => {
  it("is not read any more, and everything is answered when it takes again", async () => {
    await rig().up();
    rig().handler = () => ["x".repeat(100_000)];
    await rig().outcome(rig().call());
    rig().server.now.service.pause(true);
    const serials = Array.from({ length: 60 }, () => rig().call());
    await rig().kernel.settle();
    expect(rig().bus.queued).toBeGreaterThan(1 << 20);
    expect(rig().bus.queued).toBeLessThan(1.3 * (1 << 20));
    rig().server.now.service.pause(false);
    for (let i = 0; i < 10; i += 1) await rig().turn();
    for (const serial of serials) expect(rig().server.now.answerTo(serial)?.body[0]).toHaveLength(100_000);
  });

  it("is not asked who calls meanwhile", async () => {
    await rig().up();
    rig().server.now.service.pause(true);
    rig().bus.emit(ROOT, rig().table, "Happened", ["x".repeat(2 << 20)]);
    rig().call();
    await rig().kernel.settle();
    const { queued } = rig().bus;
    const serial = rig().server.now.call(":1.6", doCall);
    await rig().kernel.settle();
    expect(rig().bus.queued).toBe(queued);
    rig().server.now.service.pause(false);
    expect(await rig().outcome(serial)).toBe("hi");
  });

  it("is given up when signals fill the memory", async () => {
    await rig().up();
    rig().server.now.service.pause(true);
    for (let i = 0; i < 80; i += 1) rig().bus.emit(ROOT, rig().table, "Happened", ["x".repeat(1 << 20)]);
    await rig().kernel.settle();
    expect(rig().events).toEqual(["up", "down"]);
    expect(rig().bus.queued).toBe(0);
  });
});
