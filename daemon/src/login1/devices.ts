/** Methods of a session about devices: for its controller, and the brightness of screens and keys for its owner. */

import type { Answer, Call } from "../bus/call.ts";
import { errnoError } from "../bus/errors.ts";
import { canTakeDevices } from "../core/classes.ts";
import { isActive, seatOfSession } from "../core/display.ts";
import type { DeviceNumber } from "../core/seat-model.ts";
import { askOwner } from "./authority.ts";
import { invalidArgs, notSupported, notYourDevice } from "./errors.ts";
import type { Room, SessionObject } from "./room.ts";
import { about, checkController, type Handler, orderAsController } from "./session-control.ts";

const MAJOR_MAX = 0xfff;
const MINOR_MAX = 0xfffff;

function numberOf(call: Call): DeviceNumber {
  const [major, minor] = call.args as [number, number];
  return { major, minor };
}

/** What udev says of the device is asked only for who may have it. */
export const takeDevice: Handler = (object, call) => {
  const { room, session } = object;
  const number = numberOf(call);
  const { major, minor } = number;
  if (major > MAJOR_MAX || minor > MINOR_MAX) throw invalidArgs(`there are no devices ${major}:${minor}`);
  if (!canTakeDevices(session)) throw notSupported(`sessions of class ${session.class} get no devices`);
  checkController(object, call);
  const { name } = call.caller;
  const asked = { id: session.id, name, number };
  const device = room.kernel.findDevice(number);
  return room.orders.take(
    call,
    (requester) => ({ ...about(object, call, requester), ...asked, kind: "device.takeRequested", device }),
    {
      taken: ({ key, active }) => ({ body: [0, !active], fds: [descriptor(room, key)] }),
      lost: ({ key }) => giveBack(object, call, { key, number }),
    },
  );
};

function descriptor(room: Room, key: number): number {
  const fd = room.kernel.descriptorOf(key);
  if (fd < 0) throw errnoError("EIO", "the descriptor of the device is lost");
  return fd;
}

/** Nobody heard that the device is taken. */
function giveBack(object: SessionObject, call: Call, of: { key: number; number: DeviceNumber }): void {
  const { kernel, orders } = object.room;
  const fd = kernel.descriptorOf(of.key);
  if (fd >= 0) kernel.closeFd(fd);
  orders.submit((requester) => ({
    ...about(object, call, requester),
    kind: "device.releaseRequested",
    name: call.caller.name,
    number: of.number,
  }));
}

export const releaseDevice: Handler = (object, call) => {
  const number = numberOf(call);
  return orderAsController(object, call, (common) => ({
    ...common,
    kind: "device.releaseRequested",
    number,
  }));
};

export const pauseDeviceComplete: Handler = (object, call) => {
  const number = numberOf(call);
  return orderAsController(object, call, (common) => ({ ...common, kind: "device.pauseCompleted", number }));
};

/** For who sits in front of the device, which has to be on the same seat. */
export async function setBrightness({ room, world, session }: SessionObject, call: Call): Promise<Answer> {
  const [subsystem, name, value] = call.args as [string, string, number];
  if (subsystem !== "backlight" && subsystem !== "leds")
    throw notSupported(`devices of the subsystem ${JSON.stringify(subsystem)} have no brightness`);
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name))
    throw invalidArgs(`${JSON.stringify(name)} is not the name of a device`);
  const own = seatOfSession(session);
  if (own === null) throw notYourDevice(`session ${session.id} has no seat`);
  if (!isActive(world, session)) throw notYourDevice(`session ${session.id} is not in the foreground`);
  askOwner(call, session.uid);
  const seat = room.kernel.brightnessSeat(subsystem, name);
  if (seat === null) throw errnoError("ENODEV", `there is no device ${subsystem}/${name}`);
  if (seat !== own) throw notYourDevice(`${subsystem}/${name} belongs to ${seat}`);
  return new Promise((resolve, reject) => {
    room.kernel.setBrightness(subsystem, name, value, (error) => {
      if (error === null) resolve([]);
      else reject(errnoError(error, `cannot set the brightness of ${subsystem}/${name}: ${error}`));
    });
  });
}
