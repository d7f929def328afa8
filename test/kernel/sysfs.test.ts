/** Devices without udev: what /sys says. */

import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DeviceTable, kindOf } from "../../daemon/src/kernel/device-table.ts";
import { sysfsSource } from "../../daemon/src/kernel/sysfs.ts";

const NULL = "/sys/devices/virtual/mem/null";

describe("/sys", () => {
  it("has devices by path, by link and by number", () => {
    const wanted = {
      path: NULL,
      subsystem: "mem",
      name: "null",
      node: "/dev/null",
      major: 1,
      minor: 3,
      block: false,
      initialized: true,
      seat: "",
      idForSeat: "",
      tags: [],
    };
    expect(sysfsSource.device(NULL)).toEqual(wanted);
    expect(sysfsSource.device("/sys/class/mem/null")).toEqual(wanted);
    expect(sysfsSource.numbered({ major: 1, minor: 3 })).toEqual(wanted);
    expect(sysfsSource.device("/sys/class/mem/no-such")).toBeNull();
    expect(sysfsSource.device("/sys/class/mem")).toBeNull();
    expect(sysfsSource.numbered({ major: 4095, minor: 1 })).toBeNull();
  });

  it("shows what may belong to seats, and nothing else", () => {
    const subsystems = ["drm", "input", "graphics", "hidraw", "sound"];
    for (const path of sysfsSource.paths()) expect(subsystems).toContain(sysfsSource.device(path)?.subsystem);
    expect(existsSync(NULL)).toBe(true);
    expect([...sysfsSource.paths()]).not.toContain(NULL);
  });
});

describe("what can be taken", () => {
  it.each([
    ["drm", "card0", "drm"],
    ["drm", "card0-HDMI-A-1", null],
    ["drm", "renderD128", "render"],
    ["drm", "controlD64", null],
    ["drm", "version", null],
    ["input", "event3", "evdev"],
    ["input", "event3x", null],
    ["input", "input3", null],
    ["input", "mouse0", null],
    ["input", "js0", null],
    ["hidraw", "hidraw0", "hidraw"],
    ["graphics", "fb0", null],
    ["mem", "event3", null],
    ["sound", "card0", null],
  ] as const)("%s %s: %s", (subsystem, name, kind) => {
    expect(kindOf({ subsystem, name })).toBe(kind);
  });
});

describe("the table of devices", () => {
  const raw = (path: string, more: object = {}) => ({
    path,
    subsystem: "sound",
    name: path.slice(path.lastIndexOf("/") + 1),
    node: "",
    major: 0,
    minor: 0,
    block: false,
    initialized: true,
    seat: "",
    idForSeat: "",
    tags: ["seat"],
    ...more,
  });
  const table = () => {
    const made = new DeviceTable(() => {});
    made.note("/sys/a/b/c", raw("/sys/a/b/c"));
    made.note("/sys/a", raw("/sys/a"));
    made.all();
    return made;
  };

  it("tells of those below again when one comes between, and when it goes", () => {
    const devices = table();
    devices.note("/sys/a/b", raw("/sys/a/b"));
    expect(devices.changes().changed.map(({ path, parent }) => [path, parent])).toEqual([
      ["/sys/a/b/c", "/sys/a/b"],
      ["/sys/a/b", "/sys/a"],
    ]);
    devices.note("/sys/a/b", null);
    expect(devices.changes()).toMatchObject({
      changed: [{ path: "/sys/a/b/c", parent: "/sys/a" }],
      removed: ["/sys/a/b"],
    });
    expect(devices.changes()).toEqual({ changed: [], removed: [] });
  });

  it("does not take a name that begins alike for one above", () => {
    const devices = table();
    devices.note("/sys/a/bc", raw("/sys/a/bc"));
    devices.note("/sys/a/b", raw("/sys/a/b"));
    devices.note("/sys/a/bc/d", raw("/sys/a/bc/d"));
    expect(devices.all().find(({ path }) => path === "/sys/a/bc/d")?.parent).toBe("/sys/a/bc");
  });

  it("passes over what belongs to no seat, what udev has not seen, and what has another path now", () => {
    const devices = table();
    devices.note("/sys/x", raw("/sys/x", { tags: [] }));
    devices.note("/sys/y", raw("/sys/y", { initialized: false }));
    devices.note("/sys/z", raw("/sys/elsewhere"));
    expect(devices.changes()).toEqual({ changed: [], removed: [] });
  });
});
