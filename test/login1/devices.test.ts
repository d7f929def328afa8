/** What becomes of calls about devices: who may ask, what the core is asked, and where descriptors go. */

import { describe, expect, it } from "vitest";
import type { DBusError } from "../../daemon/src/bus/values.ts";
import type { Control, Session } from "../../daemon/src/core/model.ts";
import type { TakeResult } from "../../daemon/src/core/seat-effects.ts";
import type { Takeable } from "../../daemon/src/core/seat-events.ts";
import { KernelError } from "../../daemon/src/kernel/kernel.ts";
import { attachDevice, flushDevices } from "../../daemon/src/login1/attach.ts";
import * as devices from "../../daemon/src/login1/devices.ts";
import { onVt, session, withSession } from "../store/sd-login-worlds.ts";
import { asCall, BOB, GUID, nameOf, TestCall, TestRoom } from "./calls.ts";

const ALICE = 1000;
const control: Control = {
  name: ":1.5",
  bus: GUID,
  uid: ALICE,
  pid: 4711,
  originalType: "tty",
  seat: "enabled",
  vt: true,
};
const found = { kind: "drm" } as Takeable;

/** A machine whose one device is a card, and whose descriptors are counted. */
class Rig extends TestRoom {
  readonly asked: string[] = [];
  readonly closed: number[] = [];
  readonly done: string[] = [];
  /** What the keeper sent. */
  descriptor = 17;

  constructor(over: Partial<Session> = {}) {
    super({
      findDevice: ({ major, minor }) => {
        this.asked.push(`${major}:${minor}`);
        return major === 226 ? found : null;
      },
      descriptorOf: () => {
        const fd = this.descriptor;
        this.descriptor = -1;
        return fd;
      },
      closeFd: (fd) => void this.closed.push(fd),
      brightnessSeat: (_subsystem, name) => (name === "none" ? null : name === "far" ? "seat1" : "seat0"),
      setBrightness: (subsystem, name, value, done) => {
        if (value <= 100) this.done.push(`${subsystem}/${name}=${value}`);
        done(value > 100 ? "EINVAL" : null);
      },
      attachDevice: (seat, path) => {
        if (path.endsWith("untagged")) throw new KernelError("attach", "ENODEV", path);
        this.done.push(`${path} on ${seat}`);
      },
      flushDevices: () => void this.done.push("flushed"),
    });
    this.now = withSession(this.now, session("3", { ...onVt(1), control, ...over }));
  }

  object() {
    return { room: this.room, world: this.now, session: this.session("3") };
  }

  /** Last part of the name of the error that is thrown, or "". */
  attempt(action: () => unknown): string {
    try {
      action();
      return "";
    } catch (error) {
      return ((error as DBusError).type ?? (error as KernelError).errno).split(".").at(-1) ?? "";
    }
  }

  take(call: TestCall): string {
    return this.attempt(() => devices.takeDevice(this.object(), asCall(call)));
  }
}

const taken: TakeResult = { ok: true, key: 9, active: true };

describe("TakeDevice", () => {
  it.each<[string, Partial<Session>, number[], string]>([
    ["a number that no device has", {}, [4096, 0], "InvalidArgs"],
    ["another number that no device has", {}, [226, 1 << 20], "InvalidArgs"],
    ["a session of another class", { class: "background" }, [226, 0], "NotSupported"],
    ["a session that nobody controls", { control: null }, [226, 0], "NotInControl"],
    ["somebody else's session", { control: { ...control, name: ":1.6" } }, [226, 0], "NotInControl"],
    [
      "the same name on another bus",
      { control: { ...control, bus: "f".repeat(32) } },
      [226, 0],
      "NotInControl",
    ],
  ])("%s is refused before udev is asked", (_what, over, number, error) => {
    const rig = new Rig(over);
    expect(rig.take(new TestCall(ALICE, number))).toBe(error);
    expect([rig.asked, rig.submitted]).toEqual([[], []]);
  });

  it("tells the core what udev says of the device at this moment", () => {
    const rig = new Rig();
    rig.take(new TestCall(ALICE, [226, 0]));
    rig.take(new TestCall(ALICE, [1, 3]));
    const number = { major: 226, minor: 0 };
    const asked = { kind: "device.takeRequested", id: "3", name: ":1.5", caller: { uid: ALICE, pid: 4711 } };
    expect(rig.submitted).toMatchObject([
      { ...asked, number, device: found },
      { ...asked, number: { major: 1, minor: 3 }, device: null },
    ]);
  });

  it("answers with the descriptor and whether it is dead", () => {
    for (const active of [true, false]) {
      const rig = new Rig();
      const call = new TestCall(ALICE, [226, 0]);
      rig.take(call);
      rig.orders.takeReply(1, { ...taken, active });
      expect(call.answer).toEqual({ body: [0, !active], fds: [17] });
    }
  });

  it.each<[Extract<TakeResult, { ok: false }>, string]>([
    [{ ok: false, refusal: "device-taken", message: "" }, "DeviceIsTaken"],
    [{ ok: false, refusal: "no-such-device", message: "" }, "ENODEV"],
    [{ ok: false, refusal: "not-allowed", message: "" }, "AccessDenied"],
    [{ ok: false, refusal: "limits", message: "" }, "LimitsExceeded"],
    [{ ok: false, refusal: "failed", message: "", errno: "EBUSY" }, "EBUSY"],
    [{ ok: false, refusal: "failed", message: "", errno: "ENXIO" }, "ENXIO"],
    [{ ok: false, refusal: "failed", message: "", errno: "EACCES" }, "AccessDenied"],
    [{ ok: false, refusal: "failed", message: "", errno: "ENOENT" }, "FileNotFound"],
  ])("%j is %s", (result, error) => {
    const rig = new Rig();
    const call = new TestCall(ALICE, [226, 0]);
    rig.take(call);
    rig.orders.takeReply(1, result);
    expect(call.error).toBe(error);
  });

  it.each<[string, (rig: Rig, call: TestCall) => unknown]>([
    ["has left", (_rig, call) => Object.assign(call.caller, { gone: true })],
    ["was told that it took too long", (_rig, call) => Object.assign(call, { answered: true })],
    ["cannot have the descriptor", (rig) => Object.assign(rig, { descriptor: -1 })],
  ])("gives the device back when the caller %s", (_what, spoil) => {
    const rig = new Rig();
    const call = new TestCall(ALICE, [226, 0]);
    rig.take(call);
    spoil(rig, call);
    const fds = rig.descriptor < 0 ? [] : [17];
    rig.orders.takeReply(1, taken);
    expect(rig.closed).toEqual(fds);
    expect(rig.submitted[1]).toMatchObject({
      kind: "device.releaseRequested",
      requester: { room: "login1", call: 0 },
      id: "3",
      name: ":1.5",
      number: { major: 226, minor: 0 },
    });
    expect(call.answer).toBeUndefined();
    expect(rig.bugs).toEqual([]);
  });

  it("has one answer", () => {
    const rig = new Rig();
    rig.take(new TestCall(ALICE, [226, 0]));
    rig.orders.takeReply(1, taken);
    rig.orders.takeReply(1, taken);
    rig.orders.takeReply(7, taken);
    expect(rig.submitted).toHaveLength(1);
  });
});

describe.each([
  ["ReleaseDevice", devices.releaseDevice, "device.releaseRequested"],
  ["PauseDeviceComplete", devices.pauseDeviceComplete, "device.pauseCompleted"],
] as const)("%s", (_name, method, kind) => {
  it("is for the controller", () => {
    const rig = new Rig({ control: null });
    const call = asCall(new TestCall(ALICE, [226, 0]));
    expect(rig.attempt(() => method(rig.object(), call))).toBe("NotInControl");
  });

  it("is the core's to decide", () => {
    const rig = new Rig();
    method(rig.object(), asCall(new TestCall(ALICE, [226, 0])));
    expect(rig.submitted).toMatchObject([{ kind, id: "3", name: ":1.5", number: { major: 226, minor: 0 } }]);
  });
});

describe("SetBrightness", () => {
  it.each<[string, Partial<Session>, [string, string, number], number, string]>([
    ["the owner in front of it", {}, ["backlight", "near", 7], ALICE, ""],
    ["root", {}, ["leds", "near", 7], 0, ""],
    ["another subsystem", {}, ["block", "near", 7], 0, "NotSupported"],
    ["no name", {}, ["leds", "", 7], 0, "InvalidArgs"],
    ["a way out", {}, ["leds", "..", 7], 0, "InvalidArgs"],
    ["another way out", {}, ["leds", "a/b", 7], 0, "InvalidArgs"],
    ["a session without a seat", { seat: null, vtnr: 0 }, ["leds", "near", 7], 0, "NotYourDevice"],
    ["a session in the background", { vtnr: 2 }, ["leds", "near", 7], ALICE, "NotYourDevice"],
    ["another user", {}, ["leds", "near", 7], BOB, "AccessDenied"],
    ["no such device", {}, ["leds", "none", 7], ALICE, "ENODEV"],
    ["a device of another seat", {}, ["leds", "far", 7], ALICE, "NotYourDevice"],
    ["a value that the device does not have", {}, ["leds", "near", 101], ALICE, "InvalidArgs"],
  ])("%s", async (_what, over, args, uid, error) => {
    const rig = new Rig(over);
    const call = asCall(new TestCall(uid, args));
    expect(await nameOf(devices.setBrightness(rig.object(), call))).toBe(error);
    expect(rig.done).toEqual(error === "" ? [`${args[0]}/near=7`] : []);
  });
});

describe("AttachDevice", () => {
  const attach = async (rig: Rig, uid: number, seat: string, path: string): Promise<string> => {
    const object = { room: rig.room, world: rig.now };
    try {
      return await nameOf(attachDevice(object, asCall(new TestCall(uid, [seat, path, false]))));
    } catch {
      return "unexpected";
    }
  };

  it.each([
    ["seat1", "/sys/devices/usb1", ""],
    ["seat0", "/sys/devices/usb1", ""],
    ["seat-usb_2", "/sys/devices/usb1", ""],
    ["seat", "/sys/devices/usb1", "InvalidArgs"],
    ["1seat", "/sys/devices/usb1", "InvalidArgs"],
    ["seat1/../x", "/sys/devices/usb1", "InvalidArgs"],
    [`seat${"x".repeat(241)}`, "/sys/devices/usb1", "InvalidArgs"],
    ["self", "/sys/devices/usb1", "NoSessionForPID"],
    ["seat1", "/dev/dri/card0", "InvalidArgs"],
    ["seat1", "/sys/devices/../devices/usb1", "InvalidArgs"],
    ["seat1", "/sys/devices//usb1", "InvalidArgs"],
    ["seat1", "/sys/devices/usb1/", "InvalidArgs"],
    ["seat1", "/sys", "InvalidArgs"],
    ["seat1", "/system/usb1", "InvalidArgs"],
    ["seat1", "/sys/devices/usb1\0", "InvalidArgs"],
  ])("%s %s: %s", async (seat, path, error) => {
    const rig = new Rig();
    expect(await attach(rig, 0, seat, path)).toBe(error);
    expect(rig.done).toEqual(error === "" ? [`${path} on ${seat}`] : []);
  });

  it("asks polkit, and does nothing when it says no", async () => {
    const rig = new Rig();
    const outcome = attach(rig, ALICE, "seat1", "/sys/devices/usb1");
    rig.answerOfPolkit("no");
    expect(await outcome).toBe("AccessDenied");
    const flushed = nameOf(
      flushDevices({ room: rig.room, world: rig.now }, asCall(new TestCall(ALICE, [false]))),
    );
    rig.answerOfPolkit("no");
    expect(await flushed).toBe("AccessDenied");
    expect(rig.done).toEqual([]);
  });

  it("says why where udev knows nothing of it", async () => {
    const rig = new Rig();
    const object = { room: rig.room, world: rig.now };
    const call = asCall(new TestCall(0, ["seat1", "/sys/devices/untagged", false]));
    await expect(attachDevice(object, call)).rejects.toThrow("attach /sys/devices/untagged: ENODEV");
  });
});
