/** A controller over the bus that has its terminal. */

import type { Control } from "../../daemon/src/core/model.ts";

export const BUS = "1".padStart(32, "0");

export function controlOf(over: Partial<Control>): Control {
  return {
    name: ":1.7",
    bus: BUS,
    uid: 1000,
    pid: 1,
    originalType: "tty",
    seat: "enabled",
    vt: true,
    ...over,
  };
}
