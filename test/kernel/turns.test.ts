/** Work that waits its turn: in order, never at once, and never for so long that nothing else gets a look in. */

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Turns } from "../../daemon/src/kernel/turns.ts";
import { until } from "./rig.ts";

const busyFor = (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

describe("turns", () => {
  it("come in order, not at once, and also for what comes meanwhile", async () => {
    const turns = new Turns();
    const done: string[] = [];
    turns.later(() => {
      done.push("a");
      turns.later(() => done.push("c"));
    });
    turns.later(() => done.push("b"));
    expect(done).toEqual([]);
    await until("all are done", () => done.length === 3);
    expect(done).toEqual(["a", "b", "c"]);
  });

  it("can be taken back, before and after", async () => {
    const turns = new Turns();
    const done: number[] = [];
    const [, back] = [0, 1, 2].map((each) => turns.later(() => done.push(each)));
    back?.();
    await until("the rest is done", () => done.length === 2);
    back?.();
    expect(done).toEqual([0, 2]);
  });

  it("leave room for others between them", async () => {
    const turns = new Turns();
    let done = 0;
    let between = 0;
    for (let i = 0; i < 200; i++)
      turns.later(() => {
        busyFor(1);
        done += 1;
      });
    while (done < 200) {
      await new Promise(setImmediate);
      between += 1;
    }
    // a slice has 5 ms
    expect(between).toBeGreaterThan(30);
  });

  it("do not pile up however long they come faster than a slice allows", async () => {
    const turns = new Turns();
    let waiting = 0;
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 16; i++) {
        waiting += 1;
        turns.later(() => {
          busyFor(1);
          waiting -= 1;
        });
      }
      await new Promise(setImmediate);
    }
    expect(waiting).toBeLessThan(100);
  });

  it("are bounded where even more comes", async () => {
    const turns = new Turns();
    let waiting = 0;
    for (let round = 0; round < 80; round++) {
      for (let i = 0; i < 100; i++) {
        waiting += 1;
        turns.later(() => {
          busyFor(0.2);
          waiting -= 1;
        });
      }
      await new Promise(setImmediate);
    }
    expect(waiting).toBeLessThan(2700);
  });

  it("go on after one that throws", async () => {
    const turns = new Turns();
    const thrown: unknown[] = [];
    const usual = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => thrown.push(error));
    try {
      let done = 0;
      turns.later(() => {
        throw new Error("a bug");
      });
      turns.later(() => {
        done += 1;
      });
      await until("the second is done", () => done === 1);
      expect(thrown).toEqual([new Error("a bug")]);
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of usual) process.on("uncaughtException", listener);
    }
  });

  it("are over when all is shut", async () => {
    const turns = new Turns();
    let done = 0;
    turns.later(() => {
      done += 1;
    });
    turns.shut();
    await sleep(20);
    expect(done).toBe(0);
  });
});
