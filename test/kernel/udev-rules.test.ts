/** Rules: those that assign devices to seats, and ours for a udev that has none for seats. */

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeRig, type Rig, until } from "./rig.ts";
import {
  addBridges,
  loadRules,
  NET,
  News,
  NULL,
  noUdev,
  pair,
  RULES,
  removeInterfaces,
  SEAT,
  setRules,
  settle,
  triggerNet,
  triggerPaths,
} from "./udev-rig.ts";

describe.skipIf(noUdev)(`assignments to seats ${noUdev || ""}`, () => {
  let rig: Rig;
  let news: News;

  beforeEach(() => {
    removeInterfaces();
    setRules(SEAT);
    addBridges("br1", "br2");
    settle();
    rig = makeRig({ devices: { rules: RULES } });
    news = new News();
    rig.kernel.watchDevices(news.listener);
  });
  afterEach(() => rig.kernel.close());

  const rules = () => readdirSync(RULES).filter((name) => name.startsWith("72-"));
  const errnoOf = (action: () => void) => {
    try {
      action();
    } catch (error) {
      return (error as { errno?: string }).errno;
    }
    return "";
  };

  it("hold until all are taken back", async () => {
    rig.kernel.attachDevice("seat-2", "/sys/class/net/br1");
    expect(rules()).toEqual(["72-seat-net-br1.rules"]);
    expect(readFileSync(`${RULES}/${rules()[0]}`, "utf8")).toBe(
      'TAG=="seat", ENV{ID_FOR_SEAT}=="net-br1", ENV{ID_SEAT}="seat-2"\n',
    );
    await until("it is on that seat", () => news.device("br1")?.seat === "seat-2", 10_000);
    expect(news.device("br2")?.seat).toBe("seat0");
    rig.kernel.flushDevices();
    expect(rules()).toEqual([]);
    expect(existsSync(`${RULES}/50-test.rules`)).toBe(true);
    await until("it is back", () => news.device("br1")?.seat === "seat0", 10_000);
  });

  it("are refused for what cannot be assigned, and for names that are none", () => {
    const attach = (seat: string, path: string) => errnoOf(() => rig.kernel.attachDevice(seat, path));
    expect(attach("seat-2", NULL)).toBe("ENODEV");
    expect(attach("seat-2", `${NET}/no-such`)).toBe("ENODEV");
    expect(attach("seat-2", "/etc/passwd")).toBe("EINVAL");
    expect(attach("seat-2", "/sys/../etc/passwd")).toBe("ENODEV");
    expect(attach("seat", `${NET}/br1`)).toBe("EINVAL");
    expect(attach('seat"1', `${NET}/br1`)).toBe("EINVAL");
    setRules('SUBSYSTEM=="net", TAG+="seat", ENV{ID_FOR_SEAT}="net/../$name"');
    triggerNet();
    expect(attach("seat-2", `${NET}/br1`)).toBe("ENODEV");
    expect(rules()).toEqual([]);
  });

  it("can be had looked at again", async () => {
    rig.kernel.triggerDevice(`${NET}/br2`);
    await until("udev has looked", () => news.story.includes("+br2"));
    expect(news.story).not.toContain("+br1");
  });

  it.skipIf(pair === null)("have those below looked at, too", async () => {
    const { above, below } = pair ?? { above: "", below: "" };
    setRules(`DEVPATH=="${above.slice("/sys".length)}*", TAG+="seat"`);
    rig.kernel.triggerDevice(above);
    await until("udev has looked", () => news.known.has(above) && news.known.has(below));
    setRules();
    rig.kernel.triggerDevice(above);
    await until("udev has looked again", () => !news.known.has(above) && !news.known.has(below));
  });
});

const ZERO = "/sys/devices/virtual/mem/zero";

describe.skipIf(noUdev)(`the rules for a udev that has none for seats ${noUdev || ""}`, () => {
  const OWN = new URL("../../conf/udev/", import.meta.url).pathname;
  const names = readdirSync(OWN);

  const propertiesOf = (path: string) =>
    new Map(
      execFileSync("/run/udevadm", ["info", "--query=property", `--path=${path}`])
        .toString()
        .split("\n")
        .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
    );

  /** Whether the user in front may open it, as the daemon reads the tags. */
  function mayOpen(path: string): boolean {
    const { kernel } = makeRig();
    const { known, listener } = new News();
    kernel.watchDevices(listener);
    kernel.close();
    return known.get(path)?.uaccess ?? false;
  }

  function install(...others: readonly string[]): void {
    setRules(...others);
    for (const name of names) copyFileSync(`${OWN}${name}`, `${RULES}/${name}`);
    loadRules();
  }

  beforeEach(() => {
    setRules();
    triggerNet();
  });
  afterEach(() => {
    rmSync("/lib/udev/rules.d/71-seat.rules", { force: true });
    setRules();
    triggerNet();
  });

  it("are understood by udev", () => {
    expect(names).toEqual(["70-sessionman.rules", "73-sessionman.rules"]);
    install();
    triggerNet();
    expect(readFileSync("/run/udevd.log", "utf8")).not.toMatch(/sessionman\.rules/);
  });

  it("let whoever sits there open what other rules have recognized, and nothing else", () => {
    install('KERNEL=="null", ENV{ID_SMARTCARD_READER}="1"');
    triggerNet();
    expect(mayOpen(NULL)).toBe(true);
    expect(mayOpen(ZERO)).toBe(false);
    install();
    triggerNet();
    expect(mayOpen(NULL)).toBe(false);
  });

  it("do nothing where udev has its own", () => {
    mkdirSync("/lib/udev/rules.d", { recursive: true });
    writeFileSync("/lib/udev/rules.d/71-seat.rules", "");
    install('KERNEL=="null", ENV{ID_SMARTCARD_READER}="1"');
    triggerNet();
    expect(mayOpen(NULL)).toBe(false);
  });

  it.skipIf(pair === null)("hand a seat down, and tag with it", () => {
    const { above, below } = pair ?? { above: "", below: "" };
    install(`DEVPATH=="${above.slice("/sys".length)}", TAG+="seat", ENV{ID_SEAT}="seat-2"`);
    triggerPaths(above, below);
    expect(propertiesOf(below).get("ID_SEAT")).toBe("seat-2");
    expect(propertiesOf(below).get("TAGS")).toContain(":seat-2:");
    expect(propertiesOf(above).get("ID_FOR_SEAT")).toBeUndefined();
    setRules();
    triggerPaths(above, below);
  });
});
