/** Virtual terminals: which is in the foreground, and which one a name stands for. */

import { parseVtName } from "../core/names.ts";
import type { Base } from "./base.ts";
import { type Kernel, KernelError } from "./kernel.ts";
import { FAILED, URGENT } from "./poller.ts";

const ACTIVE = "/sys/class/tty/tty0/active";
const TYPE = 0o170000;
const CHARACTER_DEVICE = 0o020000;
const TTY_MAJOR = 4;

export function createTerminals({ addon, poller, lacks }: Base): Pick<Kernel, "ttyVt" | "watchActiveVt"> {
  return {
    ttyVt(tty) {
      const name = tty.startsWith("/dev/") ? tty.slice(5) : tty;
      const vt = parseVtName(name);
      const status = vt === null ? null : addon.status(`/dev/${name}`);
      if (vt === null || status === null) return 0;
      const is =
        (status.mode & TYPE) === CHARACTER_DEVICE && status.major === TTY_MAJOR && status.minor === vt;
      return is ? vt : 0;
    },
    watchActiveVt(changed) {
      let fd: number;
      try {
        fd = addon.openFile(ACTIVE);
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        lacks("no virtual terminals: seat0 has no foreground session by terminal");
        return false;
      }
      const look = () => changed(parseVtName(addon.readAgain(fd).trim()) ?? 0);
      poller.watch(fd, URGENT | FAILED, look);
      look();
      return true;
    },
  };
}
