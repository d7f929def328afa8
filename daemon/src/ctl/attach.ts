import { devicePath } from "./device-path.ts";
import { each } from "./each.ts";
import { EXIT } from "./failure.ts";
import { json, printable } from "./text.ts";
import type { Verb } from "./verb.ts";

export const attach: Verb = {
  name: "attach",
  operands: "SEAT DEVICE...",
  least: 2,
  most: Number.POSITIVE_INFINITY,
  summary: "Put devices on a seat, now and at every boot",
  details:
    "DEVICE is a path below /sys or a node in /dev. What is attached is that device, or the nearest one above it that can\nbe; its path is printed. A seat begins to exist with its first graphics device. Only for root.",
  options: {},
  async run(input, context) {
    const [seat = "", ...devices] = input.operands;
    return each(devices, context, async (device) => {
      const what = `attach ${printable(device)} to ${printable(seat)}`;
      const { path } = await context.client.call(
        "AttachDevice",
        { seat, path: devicePath(device, what) },
        what,
      );
      context.print([context.json ? json({ seat, path }, 2) : printable(path)]);
    });
  },
};

export const flushDevices: Verb = {
  name: "flush-devices",
  operands: "",
  least: 0,
  most: 0,
  summary: "Undo all that attach did",
  details: "Every device goes back to the seat it has by itself. Only for root.",
  options: {},
  async run(_input, context) {
    await context.client.call("FlushDevices", {}, "flush the devices");
    return EXIT.ok;
  },
};
