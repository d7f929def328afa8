import { describe, expect, it } from "vitest";
import { FairQueue } from "../../daemon/src/bus/fair-queue.ts";

/** Work that takes so long. */
function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

async function drained(served: readonly string[], count: number): Promise<void> {
  for (let turn = 0; served.length < count && turn < 1000; turn += 1) await new Promise(setImmediate);
}

describe("a fair queue", () => {
  it("gives each user a turn, and keeps the order of each", async () => {
    const served: string[] = [];
    const queue = new FairQueue<string>(
      (job) => {
        served.push(job);
        spin(1);
      },
      () => false,
    );
    for (let i = 0; i < 30; i += 1) queue.add(1000, 10, `a${i}`);
    queue.add(1001, 10, "b0");
    queue.add(1001, 10, "b1");
    await drained(served, 32);
    expect(served.indexOf("b0")).toBeLessThan(3);
    expect(served.indexOf("b1")).toBeLessThan(5);
    expect(served.filter((job) => job.startsWith("a"))).toEqual(
      Array.from({ length: 30 }, (_, i) => `a${i}`),
    );
  });

  it("lets the loop turn between", async () => {
    const served: string[] = [];
    const queue = new FairQueue<string>(
      (job) => {
        served.push(job);
        spin(3);
      },
      () => false,
    );
    for (let i = 0; i < 20; i += 1) queue.add(1000, 10, `${i}`);
    await new Promise(setImmediate);
    expect(served.length).toBeLessThan(6);
    await drained(served, 20);
    expect(served).toHaveLength(20);
  });

  it("is idle while nobody waits and the turn lasts", () => {
    let blocked = false;
    const queue = new FairQueue<string>(
      () => {},
      () => blocked,
    );
    queue.begin();
    expect(queue.idle).toBe(true);
    blocked = true;
    expect(queue.idle).toBe(false);
    blocked = false;
    spin(9);
    expect(queue.idle).toBe(false);
    queue.begin();
    queue.add(1000, 10, "a");
    expect(queue.idle).toBe(false);
  });

  it("takes no more than so many calls and bytes of a user", () => {
    const queue = new FairQueue<number>(
      () => {},
      () => true,
    );
    let taken = 0;
    while (queue.add(1000, 10, taken)) taken += 1;
    expect(taken).toBe(4096);
    expect(queue.add(1001, 5 << 20, 0)).toBe(false);
    expect(queue.add(1001, 3 << 20, 0)).toBe(true);
    expect(queue.add(1001, 3 << 20, 0)).toBe(false);
    expect(queue.add(1002, 10, 0)).toBe(true);
    expect(queue.clear()).toHaveLength(4098);
    expect(queue.add(1000, 10, 0)).toBe(true);
  });

  it("waits while it is blocked, until it is told", async () => {
    const served: string[] = [];
    let blocked = true;
    const queue = new FairQueue<string>(
      (job) => void served.push(job),
      () => blocked,
    );
    queue.add(1000, 10, "a");
    await drained(served, 1);
    expect(served).toEqual([]);
    blocked = false;
    queue.resume();
    await drained(served, 1);
    expect(served).toEqual(["a"]);
  });

  it("forgets what was served however long a user never pauses", async () => {
    let served = 0;
    const queue: FairQueue<number> = new FairQueue<number>(
      (job) => {
        served += 1;
        if (job < 20_000) queue.add(1000, 10, job + 2);
      },
      () => false,
    );
    queue.add(1000, 10, 0);
    queue.add(1000, 10, 1);
    for (let turn = 0; served < 20_002 && turn < 1000; turn += 1) await new Promise(setImmediate);
    expect(served).toBe(20_002);
    expect(queue.clear()).toEqual([]);
  });
});
