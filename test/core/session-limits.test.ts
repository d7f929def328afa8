/** What other PAM modules may leave for a session: which words are limits, and which are passed over. */

import { describe, expect, it } from "vitest";
import { NOTHING_ASKED, readLimits } from "../../daemon/src/core/session-limits.ts";

const limits = (text: string) => readLimits(text).limits;

describe("amounts of memory", () => {
  it.each([
    ["1", "1"],
    ["4096", "4096"],
    ["512K", "524288"],
    ["512M", "536870912"],
    ["1.5G", "1610612736"],
    ["2T", "2199023255552"],
    ["1%", "1%"],
    ["12.5%", "12.5%"],
    ["100%", "100%"],
    ["infinity", "max"],
  ])("%j", (text, value) => {
    expect(readLimits(`memory_max=${text}`)).toEqual({ ...NOTHING_ASKED, limits: { "memory.max": value } });
  });

  it.each([
    ..."0 0% 101% 1e3 0x10 -1 +1 1.G .5G 1g 1KB 1,5G inf max ? 12345678901234567 9999P".split(" "),
    "1 G",
    " 1G",
    "1G ",
    "١",
    "",
  ])("not %j", (text) => {
    const passedOver = [`systemd.memory_max=${text}, which cannot be read`];
    expect(readLimits(`memory_max=${text}`)).toEqual({ ...NOTHING_ASKED, passedOver });
  });
});

describe("numbers", () => {
  it.each([
    ["tasks_max=20", { "pids.max": "20" }],
    ["tasks_max=infinity", { "pids.max": "max" }],
    ["cpu_weight=1", { "cpu.weight": "1" }],
    ["cpu_weight=10000", { "cpu.weight": "10000" }],
    ["io_weight=300", { "io.weight": "300" }],
  ])("%s", (text, expected) => expect(limits(text)).toEqual(expected));

  it.each(["tasks_max=0", "tasks_max=20%", "tasks_max=-1", "cpu_weight=0", "cpu_weight=10001"])(
    "not %s",
    (text) => expect(readLimits(text)).toMatchObject({ limits: {}, passedOver: [expect.any(String)] }),
  );

  it.each(["io_weight=infinity", "io_weight=01", "io_weight=1.5"])("not %s", (text) =>
    expect(readLimits(text)).toMatchObject({ limits: {}, passedOver: [expect.any(String)] }),
  );
});

describe("times", () => {
  it.each([
    ["90", 90_000_000],
    ["1s", 1_000_000],
    ["2.5s", 2_500_000],
    ["500ms", 500_000],
    ["1h 30min", 5_400_000_000],
    ["1h30min", 5_400_000_000],
    ["2 h", 7_200_000_000],
    ["1w 1d", 691_200_000_000],
    ["7us", 7],
    ["infinity", null],
  ])("%j", (text, runtimeMax) =>
    expect(readLimits(`runtime_max_sec=${text}`)).toEqual({ ...NOTHING_ASKED, runtimeMax }),
  );

  it.each(["0", "0.1us", "1fortnight", "h", "1..5s", "1h, 2min", "-1", " 1h", "1234567890123", "1h x", "∞"])(
    "not %j",
    (text) =>
      expect(readLimits(`runtime_max_sec=${text}`)).toEqual({
        ...NOTHING_ASKED,
        passedOver: [`systemd.runtime_max_sec=${text}, which cannot be read`],
      }),
  );

  it("are read in no time however long they are", () => {
    const times: number[] = [];
    // the best of many, because others may use this machine, too
    while (Math.min(...times) >= 50 && times.length < 20) {
      const begin = performance.now();
      expect(readLimits(`runtime_max_sec=${"1".repeat(900)}!`).passedOver).toHaveLength(1);
      expect(readLimits(`runtime_max_sec=${"1s ".repeat(300)}!`).passedOver).toHaveLength(1);
      times.push(performance.now() - begin);
    }
    expect(Math.min(...times)).toBeLessThan(50);
  });
});

describe("several", () => {
  it("hold together, each by itself", () => {
    expect(readLimits("memory_max=1G;tasks_max=many;cpu_weight=50;runtime_max_sec=1h")).toEqual({
      limits: { "memory.max": "1073741824", "cpu.weight": "50" },
      runtimeMax: 3_600_000_000,
      passedOver: ["systemd.tasks_max=many, which cannot be read"],
    });
  });

  it("may be none", () => expect(readLimits("")).toBe(NOTHING_ASKED));

  it("that nobody knows are passed over, and not all of them told", () => {
    expect(readLimits("memory_min=1G").passedOver).toEqual(["systemd.memory_min=1G, which cannot be read"]);
    expect(readLimits("__proto__=1;toString=1").passedOver).toHaveLength(2);
    expect(readLimits(";".repeat(1000)).passedOver).toHaveLength(8);
  });
});
