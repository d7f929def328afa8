/** What the keeper holds for the controllers of sessions: their devices, and the virtual terminals they show them on. */

import type { Base } from "./base.ts";
import type { Keeper } from "./keeper.ts";
import { KernelError } from "./kernel.ts";
import type { TakenPart } from "./parts.ts";

export function createTaken({ addon }: Base, keeper: Keeper, foreground: () => number): TakenPart {
  /** Who is killed if a device cannot be muted; or why that cannot be done. */
  function openController(pid: number): number | string {
    try {
      const { identity } = addon.identify(pid);
      const pidfd = addon.openProcess(identity.pid, identity.start, identity.inode);
      return pidfd < 0 ? "ESRCH" : pidfd;
    } catch (error) {
      if (error instanceof KernelError) return error.errno;
      throw error;
    }
  }

  return {
    held() {
      const { devices, vts, gettys, connections } = keeper.held();
      return { devices, vts, gettys, clients: [...connections.keys()] };
    },
    onVtLeft: (left) => keeper.onVtLeft((vt) => left(vt, foreground())),
    takeVt: (vt, uid, done) => keeper.takeVt(vt, uid, done),
    releaseVt: (vt) => keeper.releaseVt(vt),
    openDevice({ device, vt, pid, active }, opened) {
      const { key, kind, major, minor, node } = device;
      const pidfd = openController(pid);
      if (typeof pidfd === "string") setImmediate(opened, { errno: pidfd });
      else keeper.openDevice({ key, kind, major, minor, node, vt, active }, pidfd, opened);
    },
    pauseDevice: (key, done) => keeper.pauseDevice(key, done),
    resumeDevice: (key, done) => keeper.resumeDevice(key, done),
    closeDevice: (key, done) => keeper.closeDevice(key, done),
    descriptorOf: (key) => keeper.descriptorOf(key),
  };
}
