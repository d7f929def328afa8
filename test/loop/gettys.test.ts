/** Gettys from the foreground to the keeper and back, over daemons and keepers that come and go. */

import { describe, expect, it } from "vitest";
import { emptyWorld } from "../../daemon/src/core/step.ts";
import { createMemoryKernel } from "../../daemon/src/kernel/memory.ts";
import { MemorySystem } from "../../daemon/src/kernel/memory-system.ts";
import { policy } from "../core/policy.ts";
import { startEngine } from "./rig.ts";

const now = () => ({ realtime: 1, monotonic: 1 });
const vts = { automatic: 3, reserved: 6, getty: ["/sbin/agetty", "-o", "x %t"] };

function start(system: MemorySystem) {
  const kernel = createMemoryKernel(system);
  const log: string[] = [];
  const note = (message: string) => void log.push(message);
  startEngine(
    {
      kernel,
      world: emptyWorld({ ...policy, vts }),
      now,
      log: { info: note, warn: note, error: note },
    },
    { replies: {} },
  );
  return { kernel, log };
}

describe("gettys", () => {
  it("are started where somebody looks, and followed by the next", async () => {
    const { kernel, log } = start(new MemorySystem());
    const { system } = kernel;
    expect([...system.seats.allocated]).toEqual([1, 2, 3]);
    expect([...system.seats.gettys]).toEqual([
      [6, ["/sbin/agetty", "-o", "x tty6"]],
      [1, ["/sbin/agetty", "-o", "x tty1"]],
    ]);
    system.seats.busy.add(2);
    for (const vt of [2, 3, 4, 1]) {
      system.switchVt(vt);
      await kernel.settle();
    }
    expect([...system.seats.gettys.keys()]).toEqual([6, 1, 3]);
    system.seats.busy.add(3);
    system.seats.endGetty(3);
    expect(system.seats.gettys.has(3)).toBe(false);
    await kernel.settle();
    expect(system.seats.gettys.has(3)).toBe(true);
    expect(log).toEqual([]);
  });

  it("are not doubled by another daemon, nor by another keeper", async () => {
    const system = new MemorySystem();
    start(system);
    const { kernel } = start(system);
    expect(kernel.held().gettys).toEqual([6, 1]);
    system.seats.endGetty(6);
    await kernel.settle();
    expect(system.seats.gettys.has(6)).toBe(true);
    // a keeper that knows of none of them
    for (const vt of system.seats.gettys.keys()) system.seats.busy.add(vt);
    system.seats.gettys.clear();
    start(system);
    expect([...system.seats.gettys]).toEqual([]);
  });
});
