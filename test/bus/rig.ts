/** The bus room on a bus that the test plays, serving one object with the methods that a test gives it. */

import { afterEach, beforeEach, vi } from "vitest";
import type { Bus } from "../../daemon/src/bus/bus.ts";
import type { Answer, Call } from "../../daemon/src/bus/call.ts";
import { defineInterface } from "../../daemon/src/bus/define.ts";
import { createBus } from "../../daemon/src/bus/system-bus.ts";
import type { LATER } from "../../daemon/src/bus/table.ts";
import { createTree } from "../../daemon/src/bus/tree.ts";
import type { Value } from "../../daemon/src/bus/values.ts";
import { createMemoryKernel, type MemoryKernel } from "../../daemon/src/kernel/memory.ts";
import { FakeBus, PATH } from "./fake-bus.ts";
import type { WireMessage } from "./wire.ts";

export const NAME = "org.sessionman.Test";
export const ROOT = "/t";
export const ERRORS = "org.freedesktop.DBus.Error";

export const doCall = { path: ROOT, interface: NAME, member: "Do", signature: "s", body: ["hi"] };
export const giveCall = { path: ROOT, interface: NAME, member: "Give", signature: "h", body: [0] };

type Handler = (call: Call) => Answer | typeof LATER | Promise<Answer | typeof LATER>;

const table = defineInterface<Rig>({
  name: NAME,
  methods: [
    {
      name: "Do",
      in: "s",
      out: "s",
      args: ["in_text", "out_text"],
      handler: (rig, call) => rig.handler(call),
    },
    {
      name: "Give",
      in: "h",
      out: "h",
      args: ["in_file", "out_file"],
      handler: (rig, call) => rig.handler(call),
    },
  ],
  signals: [
    { name: "Happened", signature: "s", args: ["what"] },
    { name: "Handed", signature: "h", args: ["file"] },
  ],
});

export class Rig {
  readonly kernel: MemoryKernel = createMemoryKernel();
  readonly server = new FakeBus(this.kernel.system);
  /** What was logged, with its level. */
  readonly lines: string[] = [];
  /** "up" and "down" of the bus. */
  readonly events: string[] = [];
  readonly table = table;
  readonly bus: Bus;
  /** What both methods do. */
  handler: Handler = ({ args }) => args;

  constructor() {
    const note = (level: string) => (message: string) => void this.lines.push(`${level}: ${message}`);
    this.server.uids.set(":1.5", 1000).set(":1.6", 1001).set(":1.7", 0);
    this.bus = createBus({
      kernel: this.kernel,
      path: PATH,
      name: NAME,
      tree: createTree(new Map([[ROOT, () => ({ target: this, interfaces: [table] })]]), new Map()),
      log: { info: note("info"), warn: note("warn"), error: note("error") },
      connected: () => void this.events.push("up"),
      lost: () => void this.events.push("down"),
    });
  }

  /** Connected, and everything that follows from it has happened. */
  async up(): Promise<void> {
    this.bus.start();
    this.bus.ready();
    await this.turn();
  }

  /** The bus answers, and all that is to happen has happened. */
  turn(): Promise<void> {
    return this.server.now.turn();
  }

  /** A call by user 1000; its serial. */
  call(message: Partial<WireMessage> = {}, fds: readonly number[] = []): number {
    return this.server.now.call(":1.5", { ...doCall, ...message }, fds);
  }

  /** What came back: the error's name, or the first value. */
  async outcome(serial: number): Promise<Value | undefined> {
    await this.turn();
    const answer = this.server.now.answerTo(serial);
    return answer?.header.errorName || answer?.body[0];
  }

  /** Every connection to the bus ends. */
  async loseBus(): Promise<void> {
    this.server.close();
    await this.kernel.settle();
  }
}

/** A fresh one for each test. */
export function useRig(): () => Rig {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
  });
  afterEach(() => {
    vi.useRealTimers();
    rig.bus.stop();
  });
  return () => rig;
}

/** Timers stand still until the test moves them; what the loop does at once goes on. */
export function holdTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
}
