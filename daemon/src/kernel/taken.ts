/** What the keeper holds for the controllers of sessions: their devices, and the virtual terminals they show them on. */

import type { Base } from "./base.ts";
import type { Keeper } from "./keeper.ts";
import { KernelError } from "./kernel.ts";
import type { TakenPart } from "./parts.ts";

export function createTaken({ addon }: Base, keeper: Keeper): TakenPart {
  /** Who is killed if a device cannot be muted; -1 if nobody is there any more. */
  function openController(pid: number): number {
    try {
      const { identity } = addon.identify(pid);
      return addon.openProcess(identity.pid, identity.start, identity.inode);
    } catch (error) {
      if (error instanceof KernelError) return -1;
      throw error;
    }
  }

  return {
    held() {
      const { devices, vts, connections } = keeper.held();
      return { devices, vts, clients: [...connections.keys()] };
    },
    onVtLeft: (left) => keeper.onVtLeft(left),
    takeVt: (vt, uid, done) => keeper.takeVt(vt, uid, done),
    releaseVt: (vt) => keeper.releaseVt(vt),
    openDevice({ device, vt, pid, active }, opened) {
      const { key, kind, major, minor, node } = device;
      const pidfd = openController(pid);
      if (pidfd < 0) setImmediate(opened, { errno: "ESRCH" });
      else keeper.openDevice({ key, kind, major, minor, node, vt, active }, pidfd, opened);
    },
    pauseDevice: (key, done) => keeper.pauseDevice(key, done),
    resumeDevice: (key, done) => keeper.resumeDevice(key, done),
    closeDevice: (key, done) => keeper.closeDevice(key, done),
    descriptorOf: (key) => keeper.descriptorOf(key),
  };
}
