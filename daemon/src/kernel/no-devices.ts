/** A machine without devices that can be taken. */

import { KernelError } from "./kernel.ts";
import type { SeatPart } from "./parts.ts";

const absent = "no device can be taken here";

export function createNoDevices(): SeatPart {
  const missing = (): never => {
    throw new KernelError("open", "ENODEV", absent);
  };
  return {
    takeVt: (_vt, _uid, done) => void setImmediate(done, absent),
    releaseVt() {},
    openDevice: (_order, opened) => void setImmediate(opened, { errno: "ENODEV" }),
    pauseDevice: (_key, done) => void setImmediate(done, absent),
    resumeDevice: (_key, done) => void setImmediate(done, absent),
    closeDevice: (_key, done) => void setImmediate(done, absent),
    held: () => ({ devices: [], vts: [], clients: [] }),
    onVtLeft() {},
    descriptorOf: () => -1,
    setAccess: () => [],
    activateVt: missing,
    watchDevices: (news) => news.found([]),
    findDevice: () => null,
    findNode: () => null,
    readAccess: () => null,
    brightnessSeat: () => null,
    setBrightness: missing,
    attachDevice: missing,
    flushDevices: missing,
    triggerDevice: missing,
  };
}
