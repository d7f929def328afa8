/** The effects about service managers and lingering: each reports what it has to, also when the system refuses. */

import { beforeEach, describe, expect, it } from "vitest";
import type { Effect } from "../../daemon/src/core/effects.ts";
import type { Account, Event } from "../../daemon/src/core/events.ts";
import type { ManagerNews } from "../../daemon/src/core/model.ts";
import { createMemoryKernel, type MemoryKernel } from "../../daemon/src/kernel/memory.ts";
import type { Ports, StorePort } from "../../daemon/src/loop/ports.ts";
import { Runner } from "../../daemon/src/loop/run.ts";

const UID = 1000;
const alice: Account = { uid: UID, gid: UID, name: "alice", groups: [UID, 27] };
const requester = { room: "control", call: 7 } as const;
const at = { realtime: 2, monotonic: 1 };
const START: Effect = { kind: "manager.start", uid: UID, gid: UID, user: "alice", backend: "/backend" };

describe("the effects of user services", () => {
  let kernel: MemoryKernel;
  let events: Event[];
  let log: string[];
  let files: Map<number, string>;
  let broken: boolean;
  let runner: Runner;

  const store = {
    saveLinger(uid, name, done) {
      files.set(uid, name);
      done(broken ? "write 1000: ENOSPC" : null);
    },
    eraseLinger(uid, done) {
      if (broken) throw new Error("unlink 1000: EROFS");
      files.delete(uid);
      done(null);
    },
  } as StorePort;
  const run = (...effects: readonly Effect[]) => {
    for (const effect of effects) runner.run(effect);
  };
  const news = (): ManagerNews[] =>
    events.flatMap((event) => (event.kind === "manager.told" ? event.news : []));

  beforeEach(() => {
    kernel = createMemoryKernel();
    kernel.createSlice(UID, {});
    events = [];
    log = [];
    files = new Map();
    broken = false;
    const note = (message: string) => void log.push(message);
    const ports = {
      store,
      system: kernel,
      clock: { now: () => at },
      log: { info: note, warn: note, error: note },
    } as unknown as Ports;
    runner = new Runner(ports, (event) => events.push(event), {
      seatWritten() {},
      published() {},
      publishedSoon() {},
      switchPublished() {},
    });
  });

  it("tell each news of a manager that was started, and of one that was adopted", async () => {
    run(START);
    expect(events).toEqual([]);
    const manager = kernel.system.managers.get(UID);
    expect(manager?.order).toEqual({ uid: UID, gid: UID, user: "alice", backend: "/backend" });
    manager?.run();
    await kernel.settle();
    expect(news().map(({ state }) => state)).toEqual(["starting", "ready", "running"]);
    expect(events[0]).toMatchObject({ kind: "manager.told", at, uid: UID });
    events = [];
    run({ kind: "manager.adopt", uid: UID });
    manager?.end("exit code 0");
    await kernel.settle();
    expect(news().map(({ state }) => state)).toEqual(["running", "ended"]);
  });

  it("take a manager that cannot be started, or is not there, for one that has ended", () => {
    kernel.system.fail("startManager", "ENOSPC");
    run(START, { kind: "manager.adopt", uid: UID });
    expect(news()).toEqual([
      { state: "ended", message: expect.stringMatching(/^cannot start it: .*ENOSPC/) },
      { state: "ended", message: expect.stringMatching(/^cannot reach it: .*ECONNREFUSED/) },
    ]);
    expect(log).toEqual([]);
  });

  it("pass on orders, variables and the graphical session, and say what does not get through", () => {
    const orders: Effect[] = [
      { kind: "manager.order", uid: UID, order: "stop" },
      { kind: "manager.environment", uid: UID, set: new Map([["A", "1"]]), unset: ["B"] },
      { kind: "manager.graphical", uid: UID, phase: "start" },
      { kind: "manager.signal", uid: UID, signal: 10 },
    ];
    run(START, ...orders);
    expect(kernel.system.managers.get(UID)?.orders).toEqual([
      ["stop"],
      ["environment", "A=1", "B"],
      ["graphical", "start"],
    ]);
    for (const member of [
      "orderManager",
      "tellEnvironment",
      "tellGraphical",
      "signalManager",
      "killManager",
      "eraseManager",
    ] as const)
      kernel.system.fail(member, "EIO");
    run(...orders, { kind: "manager.kill", uid: UID }, { kind: "manager.erase", uid: UID });
    expect(log).toHaveLength(6);
    expect(log.every((line) => line.startsWith("cannot ") && line.includes("EIO"))).toBe(true);
  });

  it("report that all is clean, also when it cannot be begun: nobody may wait for ever", async () => {
    run(START, { kind: "manager.kill", uid: UID }, { kind: "manager.clean", uid: UID });
    await kernel.settle();
    expect(events.filter(({ kind }) => kind === "manager.cleaned")).toEqual([
      { kind: "manager.cleaned", at, uid: UID },
    ]);
    kernel.system.fail("cleanManager", "EIO");
    run({ kind: "manager.clean", uid: UID });
    expect(events.at(-1)).toEqual({ kind: "manager.cleaned", at, uid: UID });
    expect(log).toHaveLength(1);
    kernel.system.logs.set(UID, "what it wrote");
    run({ kind: "manager.erase", uid: UID });
    expect(kernel.managerLog(UID)).toBe("");
  });

  it("look users up", async () => {
    kernel.system.users.set(UID, alice);
    run({ kind: "user.lookUp", uid: UID }, { kind: "user.lookUp", uid: 1 });
    expect(events).toEqual([]);
    await kernel.settle();
    expect(events).toEqual([
      { kind: "user.lookedUp", at, uid: UID, user: alice },
      { kind: "user.lookedUp", at, uid: 1, user: null },
    ]);
  });

  it("answer about lingering when it is on the disk, or why it is not", () => {
    run({ kind: "linger.save", requester, user: alice, enabled: true });
    expect([...files]).toEqual([[UID, "alice"]]);
    run({ kind: "linger.save", requester, user: alice, enabled: false });
    expect([...files]).toEqual([]);
    broken = true;
    run({ kind: "linger.save", requester, user: alice, enabled: true });
    run({ kind: "linger.save", requester, user: alice, enabled: false });
    expect(events).toEqual([
      { kind: "linger.saved", at, requester, user: alice, enabled: true },
      { kind: "linger.saved", at, requester, user: alice, enabled: false },
      { kind: "linger.failed", requester, user: alice, error: "write 1000: ENOSPC" },
      { kind: "linger.failed", requester, user: alice, error: "unlink 1000: EROFS" },
    ]);
  });
});
