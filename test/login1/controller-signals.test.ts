/** What controllers are told of their devices: they alone, in order, and the last word where there was no bus. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Control } from "../../daemon/src/core/model.ts";
import { ControllerSignals } from "../../daemon/src/login1/controller-signals.ts";

const GUID = "0123456789abcdef0123456789abcdef";
const control: Control = {
  name: ":1.7",
  bus: GUID,
  uid: 1000,
  pid: 4711,
  originalType: "tty",
  seat: "enabled",
  vt: true,
};
const card = { major: 226, minor: 0 };
const keyboard = { major: 13, minor: 64 };

class Rig {
  guid: string | null = GUID;
  readonly told: string[] = [];
  readonly logged: string[] = [];
  /** Descriptors that came for a key and were not fetched. */
  readonly ready = new Map<number, number>();
  readonly open = new Set<number>();
  readonly signals: ControllerSignals;
  #last = 100;

  constructor() {
    const note = (message: string) => void this.logged.push(message);
    const kernel = {
      descriptorOf: (key: number) => {
        const fd = this.ready.get(key) ?? -1;
        this.ready.delete(key);
        return fd;
      },
      closeFd: (fd: number) => void this.open.delete(fd),
    };
    this.signals = new ControllerSignals(kernel, { info: note, warn: note, error: note });
    const rig = this;
    this.signals.use({
      get guid() {
        return rig.guid;
      },
      tell: (id, { to, signal, body, fds = [] }) => {
        this.told.push(`${to} ${id} ${signal} ${body.join(" ")}`);
        for (const fd of fds) this.open.delete(fd);
      },
    });
  }

  /** The keeper sent a descriptor for that key. */
  arrive(key: number): number {
    const older = this.ready.get(key);
    if (older !== undefined) this.open.delete(older);
    this.#last += 1;
    this.ready.set(key, this.#last);
    this.open.add(this.#last);
    return key;
  }
}

describe("a controller", () => {
  it("is told, with its descriptor", () => {
    const rig = new Rig();
    rig.signals.paused("3", control, card, "force");
    rig.signals.resumed("3", control, card, rig.arrive(5));
    expect(rig.told).toEqual([":1.7 3 PauseDevice 226 0 force", ":1.7 3 ResumeDevice 226 0 0"]);
    expect(rig.open.size).toBe(0);
  });

  it("of another bus is gone: nobody has its name and its descriptors here", () => {
    const rig = new Rig();
    const other = { ...control, bus: GUID.replaceAll("0", "1") };
    rig.signals.paused("3", other, card, "force");
    rig.signals.resumed("3", other, card, rig.arrive(5));
    expect(rig.told).toEqual([]);
    expect(rig.open.size).toBe(0);
  });

  it("hears the last word about each device when the bus is back", () => {
    const rig = new Rig();
    rig.guid = null;
    rig.signals.paused("3", control, card, "force");
    rig.signals.paused("3", control, keyboard, "force");
    rig.signals.resumed("3", control, keyboard, rig.arrive(6));
    rig.signals.resumed("3", control, card, rig.arrive(5));
    rig.signals.paused("3", control, card, "gone");
    expect(rig.told).toEqual([]);
    rig.guid = GUID;
    rig.signals.flush();
    rig.signals.flush();
    expect(rig.told).toEqual([":1.7 3 ResumeDevice 13 64 0", ":1.7 3 PauseDevice 226 0 gone"]);
    expect(rig.open.size).toBe(0);
  });

  it("does not hear an older word after a newer one", () => {
    const rig = new Rig();
    rig.guid = null;
    rig.signals.resumed("3", control, card, rig.arrive(5));
    rig.guid = GUID;
    rig.signals.paused("3", control, card, "force");
    rig.signals.flush();
    expect(rig.told).toEqual([":1.7 3 PauseDevice 226 0 force"]);
    expect(rig.open.size).toBe(0);
  });

  it("is not told of a device without a descriptor, and the log is", () => {
    const rig = new Rig();
    rig.signals.resumed("3", control, card, 5);
    expect(rig.told).toEqual([]);
    expect(rig.logged).toEqual(["session 3: the descriptor of device 226:0 is lost"]);
  });
});

it("no descriptor stays open once the bus is there", () => {
  const word = fc.record({
    bus: fc.constantFrom<"up" | "down">("up", "down"),
    device: fc.constantFrom(card, keyboard),
    what: fc.constantFrom("force", "gone", "resume"),
  });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      const rig = new Rig();
      for (const { bus, device, what } of words) {
        rig.guid = bus === "up" ? GUID : null;
        if (what === "resume") rig.signals.resumed("3", control, device, rig.arrive(device.minor));
        else rig.signals.paused("3", control, device, what === "force" ? "force" : "gone");
      }
      rig.guid = GUID;
      rig.signals.flush();
      expect(rig.open.size).toBe(0);
      for (const device of [card, keyboard]) {
        const last = words.filter((each) => each.device === device).at(-1);
        const said = rig.told.filter((each) => each.includes(` ${device.major} ${device.minor} `)).at(-1);
        if (last !== undefined) expect(said).toContain(last.what === "resume" ? "Resume" : last.what);
      }
    }),
    { numRuns: 300 },
  );
});
