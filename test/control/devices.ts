/** Devices of seats, as the kernel room tells of them. */

import type { Device } from "../../daemon/src/core/seat-model.ts";

const plain = {
  parent: "",
  seat: "seat0",
  master: false,
  uaccess: false,
  assignable: false,
  idForSeat: "",
};

export function newCard(number: number, over: Partial<Device> = {}): Device {
  const name = `card${number}`;
  return {
    ...plain,
    path: `/sys/devices/pci0/drm/${name}`,
    subsystem: "drm",
    name,
    node: `/dev/dri/${name}`,
    number: { major: 226, minor: number, block: false },
    master: true,
    uaccess: true,
    assignable: true,
    idForSeat: `drm-pci-${number}`,
    ...over,
  };
}

/** What can be attached, and the node that compositors take. */
export function newKeyboard(number: number, over: Partial<Device> = {}): [Device, Device] {
  const path = `/sys/devices/usb1/input/input${number}`;
  const input: Device = {
    ...plain,
    path,
    subsystem: "input",
    name: `input${number}`,
    node: "",
    number: null,
    assignable: true,
    idForSeat: `input-usb-${number}`,
    ...over,
  };
  const event: Device = {
    ...plain,
    path: `${path}/event${number}`,
    parent: path,
    subsystem: "input",
    name: `event${number}`,
    node: `/dev/input/event${number}`,
    number: { major: 13, minor: 64 + number, block: false },
    seat: input.seat,
  };
  return [input, event];
}
