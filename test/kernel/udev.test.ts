/** Devices as a real udev knows them: what is found, what is told of changes, and that nothing stays unknown. */

import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { awhile, makeRig, type Rig, until, watchTurns } from "./rig.ts";
import {
  addBridges,
  NET,
  News,
  NULL,
  noUdev,
  pair,
  removeBridge,
  removeInterfaces,
  SEAT,
  setRules,
  settle,
  stopUdev,
  triggerNet,
  triggerPaths,
} from "./udev-rig.ts";

const STATIC = "/run/udev/static_node-tags/uaccess";

const many = (count: number) => Array.from({ length: count }, (_, i) => `many${i}`);

describe.skipIf(noUdev)(`devices of a real udev ${noUdev || ""}`, () => {
  let rig: Rig;
  let news: News;

  beforeEach(() => {
    removeInterfaces();
    setRules();
    triggerNet();
  });
  afterEach(() => {
    rig.kernel.close();
    rmSync(STATIC, { recursive: true, force: true });
  });

  function start(devices: Parameters<typeof makeRig>[0] = {}): void {
    rig = makeRig(devices);
    news = new News();
    rig.kernel.watchDevices(news.listener);
  }

  it("are found with all that the rules say of them", () => {
    setRules(
      'KERNEL=="null", TAG+="uaccess", ENV{ID_SEAT}="seat-x_1"',
      'KERNEL=="br1", TAG+="seat", TAG+="master-of-seat", ENV{ID_FOR_SEAT}="net-br1"',
    );
    addBridges("br1");
    triggerNet();
    start();
    expect(news.found).toHaveLength(1);
    expect(news.known.get(NULL)).toEqual({
      path: NULL,
      parent: "",
      subsystem: "mem",
      name: "null",
      node: "/dev/null",
      number: { major: 1, minor: 3, block: false },
      seat: "seat-x_1",
      master: false,
      uaccess: true,
      assignable: false,
      idForSeat: "",
    });
    expect(news.device("br1")).toMatchObject({
      node: "",
      number: null,
      seat: "seat0",
      master: true,
      assignable: true,
      idForSeat: "net-br1",
    });
    expect(news.device("lo")).toBeUndefined();
  });

  it("come and go", async () => {
    setRules(SEAT);
    start();
    addBridges("br1");
    await until("it is told", () => news.device("br1") !== undefined);
    removeBridge("br1");
    await until("its end", () => news.removed.includes(`${NET}/br1`));
    expect(news.story).toEqual(["+br1", "-br1"]);
    expect(news.found).toHaveLength(1);
  });

  it("lose a tag that the rules do not give any more", async () => {
    setRules(SEAT);
    addBridges("br1");
    settle();
    start();
    expect(news.device("br1")?.assignable).toBe(true);
    setRules();
    triggerNet();
    await until("it is told", () => news.device("br1") === undefined);
  });

  it("are told again when udev has looked at them, even if they are as they were", async () => {
    setRules('KERNEL=="null", TAG+="uaccess"');
    triggerNet();
    start();
    triggerPaths(NULL);
    await until("it is told", () => news.story.length > 0);
    expect(news.story).toEqual(["+null"]);
  });

  it("are told as removed when they went and came while nobody looked", async () => {
    setRules(SEAT);
    addBridges("br1");
    settle();
    start();
    for (let i = 0; i < 3; i += 1) {
      removeBridge("br1");
      addBridges("br1");
    }
    settle();
    await until("it is there", () => news.story.at(-1) === "+br1");
    await awhile();
    expect(news.story[0]).toBe("-br1");
    expect(news.device("br1")).toBeDefined();
  });

  it.skipIf(pair === null)(
    "are on the seat of the nearest above them that has one, and below the nearest that is known",
    async () => {
      const { above, below } = pair ?? { above: "", below: "" };
      const rule = (path: string, rest: string) => `DEVPATH=="${path.slice("/sys".length)}", ${rest}`;
      setRules(rule(above, 'TAG+="seat", ENV{ID_SEAT}="seat7"'), rule(below, 'TAG+="uaccess"'));
      triggerPaths(above, below);
      start();
      expect(news.known.get(below)).toMatchObject({ seat: "seat7", parent: above, uaccess: true });
      setRules(rule(above, 'TAG+="seat", ENV{ID_SEAT}="seat8"'), rule(below, 'TAG+="uaccess"'));
      // udev looks only at the one above
      triggerPaths(above);
      await until("it follows", () => news.known.get(below)?.seat === "seat8");
      setRules(rule(below, 'TAG+="uaccess"'));
      triggerPaths(above);
      await until("the one above is nobody's", () => news.known.get(below)?.parent === "");
      await until("and neither is its seat", () => news.known.get(below)?.seat === "seat0");
      setRules();
      triggerPaths(above, below);
    },
  );

  it("with a seat that cannot be one are passed over, and that is said once", async () => {
    setRules('SUBSYSTEM=="net", TAG+="seat", ENV{ID_SEAT}="../../etc"');
    addBridges("br3");
    start();
    triggerNet();
    triggerNet();
    const said = () => rig.warnings.filter((line) => line.includes("br3"));
    await until("it is said", () => said().length > 0);
    await awhile();
    expect([...news.known.keys()]).toEqual([]);
    expect(said()).toEqual([`device ${NET}/br3 is passed over: its ID_SEAT "../../etc" cannot name a seat`]);
    setRules(SEAT);
    triggerNet();
    await until("it is told", () => news.device("br3")?.seat === "seat0");
  });

  it("are not known before udev has seen them", async () => {
    setRules(SEAT);
    stopUdev(true);
    try {
      addBridges("br4");
      start();
      expect(news.device("br4")).toBeUndefined();
    } finally {
      stopUdev(false);
    }
    await until("it is told", () => news.device("br4") !== undefined);
  });

  it("are all looked at again when news were lost", async () => {
    setRules(SEAT);
    addBridges("gone");
    settle();
    start({ devices: { buffer: 4096 } });
    removeBridge("gone");
    addBridges(...many(40));
    settle();
    await until("everything is told again", () => news.found.length > 1);
    await until("all are known", () => news.known.size === 40);
    expect(news.device("gone")).toBeUndefined();
    addBridges("after");
    await until("news go on", () => news.device("after") !== undefined);
  });

  it("do not hold up anything else when many of them change", async () => {
    setRules(SEAT);
    addBridges(...many(150));
    settle();
    start();
    const script =
      "for i in 1 2 3 4; do /run/udevadm trigger --subsystem-match=net; done; /run/udevadm settle";
    execFileSync("sh", ["-c", script]);
    const stopWatch = watchTurns();
    await until("all are told", () => news.changed.length >= 150);
    await awhile();
    expect(stopWatch()).toBeLessThan(50);
  });

  it("that are only a name are on seat0 until a device has the name", async () => {
    mkdirSync(STATIC, { recursive: true });
    symlinkSync("/dev/full", `${STATIC}/full`);
    symlinkSync("/dev/null", `${STATIC}/null`);
    symlinkSync("/dev/no/such", `${STATIC}/no\\x2fsuch`);
    symlinkSync("/etc/passwd", `${STATIC}/passwd`);
    setRules('KERNEL=="null", TAG+="uaccess", ENV{ID_SEAT}="seat9"');
    triggerNet();
    start();
    expect(news.known.get("static:/dev/full")).toEqual({
      path: "static:/dev/full",
      parent: "",
      subsystem: "",
      name: "full",
      node: "/dev/full",
      number: { major: 1, minor: 7, block: false },
      seat: "seat0",
      master: false,
      uaccess: true,
      assignable: false,
      idForSeat: "",
    });
    expect([...news.known.keys()].sort()).toEqual([NULL, "static:/dev/full"]);
    setRules();
    triggerNet();
    await until("the name stands for itself", () => news.known.has("static:/dev/null"));
    expect(news.known.has(NULL)).toBe(false);
  });

  it("are udev's as soon as there is one", async () => {
    setRules(SEAT);
    addBridges("br5");
    settle();
    // the machine has devices of its own: with a record of one of them udev would make its directory again
    stopUdev(true);
    try {
      renameSync("/run/udev", "/run/elsewhere");
      start();
      renameSync("/run/elsewhere", "/run/udev");
    } finally {
      stopUdev(false);
    }
    expect(news.device("br5")).toBeUndefined();
    await until("it is told", () => news.device("br5") !== undefined);
    expect(news.found).toHaveLength(2);
    addBridges("br6");
    await until("and what comes later", () => news.device("br6") !== undefined);
  });

  it("are looked up by number and by name", () => {
    start();
    symlinkSync("null", "/dev/link");
    symlinkSync("/dev/loop-a", "/dev/loop-b");
    symlinkSync("/dev/loop-b", "/dev/loop-a");
    symlinkSync("/etc/passwd", "/dev/out");
    symlinkSync("../dev/../../dev/./null", "/dev/around");
    const errnoOf = (path: string) => {
      try {
        return rig.kernel.findNode(path);
      } catch (error) {
        return (error as { errno?: string }).errno;
      }
    };
    // none of these can be taken
    for (const path of [
      "/dev/null",
      "/dev/link",
      "/dev/around",
      "/dev",
      "/dev/out",
      "/etc/passwd",
      "null",
      "",
    ])
      expect([path, errnoOf(path)]).toEqual([path, null]);
    expect(errnoOf("/dev/no/such")).toBe("ENOENT");
    expect(errnoOf("/dev/null/x")).toBe("ENOTDIR");
    expect(errnoOf("/dev/loop-a")).toBe("ELOOP");
    expect(rig.kernel.findDevice({ major: 1, minor: 3 })).toBeNull();
    expect(rig.kernel.findDevice({ major: 13, minor: 64 })).toBeNull();
    for (const name of ["link", "loop-a", "loop-b", "out", "around"]) rmSync(`/dev/${name}`);
  });
});
