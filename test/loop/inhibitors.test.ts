/** The effects about inhibitors: FIFO before record, and one that nobody was given ends by itself. */

import { beforeEach, describe, expect, it } from "vitest";
import type { Effect } from "../../daemon/src/core/effects.ts";
import type { Event } from "../../daemon/src/core/events.ts";
import type { Inhibitor } from "../../daemon/src/core/model.ts";
import { createMemoryKernel, type MemoryKernel } from "../../daemon/src/kernel/memory.ts";
import type { Ports } from "../../daemon/src/loop/ports.ts";
import { Runner } from "../../daemon/src/loop/run.ts";

const requester = { room: "login1", call: 7 } as const;
const created = { realtime: 2, monotonic: 1 };
const person = { who: "w", why: "", uid: 1000, pid: 300 };
const inhibitor: Inhibitor = { id: 1, what: ["sleep"], mode: "block", created, ...person };
const CREATE: Effect = { kind: "inhibit.create", inhibitor, requester };
const REPLY: Effect = { kind: "inhibit.reply", requester, result: { ok: true, id: 1 } };
const WATCH: Effect = { kind: "inhibitor.watch", id: 1 };

describe("the effects of inhibitors", () => {
  let kernel: MemoryKernel;
  let events: Event[];
  let log: string[];
  let records: Set<number>;
  let answers: unknown[];
  let full: boolean;
  /** What was given to who asked; null: nobody is there. */
  let given: number | null;
  let runner: Runner;
  const run = (...effects: readonly Effect[]) => {
    for (const effect of effects) runner.run(effect);
  };

  beforeEach(() => {
    kernel = createMemoryKernel();
    events = [];
    log = [];
    records = new Set();
    answers = [];
    full = false;
    given = null;
    const note = (message: string) => void log.push(message);
    const ports = {
      store: {
        saveInhibitor({ id }: Inhibitor) {
          expect(kernel.inhibitors()).toContain(id);
          if (full) throw new Error("write inhibitors/1: ENOSPC");
          records.add(id);
        },
        eraseInhibitor: (id: number) => void records.delete(id),
      },
      system: kernel,
      login1: {
        inhibitReply(call: number, result: unknown) {
          answers.push([call, result]);
          if (given !== null) given = kernel.openInhibitor(1);
        },
        lock: (id: string, lock: boolean) => void answers.push([id, lock]),
      },
      log: { info: note, warn: note, error: note },
    } as unknown as Ports;
    runner = new Runner(ports, (event) => events.push(event), {
      seatWritten() {},
      published() {},
      publishedSoon() {},
      switchPublished() {},
    });
  });

  it("tell the end when the last write end is gone", async () => {
    given = 0;
    run(CREATE, REPLY, WATCH);
    await kernel.settle();
    expect(events).toEqual([{ kind: "inhibit.created", id: 1, requester }]);
    expect([...records]).toEqual([1]);
    expect(answers).toEqual([[7, { ok: true, id: 1 }]]);
    kernel.system.close(given ?? 0);
    await kernel.settle();
    expect(events.at(-1)).toEqual({ kind: "inhibitor.ended", id: 1 });
    run({ kind: "inhibitor.drop", id: 1 }, { kind: "inhibitor.erase", id: 1 });
    expect([...records, ...kernel.inhibitors()]).toEqual([]);
  });

  it("tell the end of one that nobody was given", async () => {
    run(CREATE, REPLY, WATCH);
    expect(events).toHaveLength(1);
    await kernel.settle();
    expect(events.slice(1)).toEqual([{ kind: "inhibitor.ended", id: 1 }]);
  });

  it("say why one cannot be made, whichever half of it", () => {
    kernel.system.fail("createInhibitor", "EMFILE");
    run(CREATE);
    full = true;
    run(CREATE);
    expect(events).toEqual([
      { kind: "inhibit.failed", id: 1, requester, error: expect.stringContaining("EMFILE") },
      { kind: "inhibit.failed", id: 1, requester, error: "write inhibitors/1: ENOSPC" },
    ]);
    expect(records.size).toBe(0);
  });

  it("end one whose end would not be heard of", () => {
    run(WATCH);
    expect(events).toEqual([{ kind: "inhibitor.ended", id: 1 }]);
    expect(log).toEqual([expect.stringContaining("cannot watch the FIFO of inhibitor 1")]);
  });

  it("pass on that a session is to lock", () => {
    run({ kind: "session.lock", id: "3", lock: false });
    expect(answers).toEqual([["3", false]]);
  });
});
