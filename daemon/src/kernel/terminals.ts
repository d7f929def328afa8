/** Virtual terminals: which is in the foreground, and which one a name stands for. */

import { readlinkSync } from "node:fs";
import { parseVtName } from "../core/names.ts";
import type { Base } from "./base.ts";
import { isCharacterDevice } from "./file-type.ts";
import type { Keeper } from "./keeper.ts";
import { type Kernel, KernelError } from "./kernel.ts";
import { MOUNTINFO, MOUNTINFO_LIMIT, mountById } from "./mountinfo.ts";
import { FAILED, URGENT } from "./poller.ts";

const ACTIVE = "/sys/class/tty/tty0/active";
const TTY_MAJOR = 4;
const FDINFO_LIMIT = 4096;
const ACCESS_MODE = 3;
const READ_WRITE = 2;
/** File systems that hold devices, and where no user's program answers for the kernel. */
const OF_DEVICES: ReadonlySet<string> = new Set(["devtmpfs", "devpts", "tmpfs"]);

type TerminalPart = Pick<Kernel, "ttyVt" | "watchActiveVt" | "terminalOfFd">;

export function createTerminals(
  { addon, poller, lacks }: Base,
  keeper: Pick<Keeper, "catchUp">,
): TerminalPart {
  return {
    terminalOfFd(fd) {
      const info = addon.read(`/proc/self/fdinfo/${fd}`, FDINFO_LIMIT);
      const flags = Number.parseInt(/^flags:\t([0-7]+)$/m.exec(info)?.[1] ?? "0", 8);
      if ((flags & ACCESS_MODE) !== READ_WRITE) throw new KernelError("fcntl", "EACCES", `descriptor ${fd}`);
      const mount = Number(/^mnt_id:\t([0-9]+)$/m.exec(info)?.[1] ?? -1);
      const type = mountById(addon.read(MOUNTINFO, MOUNTINFO_LIMIT), mount)?.type ?? "";
      const name = OF_DEVICES.has(type) ? nameOf(readlinkSync(`/proc/self/fd/${fd}`)) : null;
      // node:tty brings node:net with it: not at every start
      if (name === null || !process.getBuiltinModule("node:tty").isatty(fd))
        throw new KernelError("tcgetattr", "ENOTTY", `descriptor ${fd}`);
      return name;
    },
    ttyVt(tty) {
      const name = tty.startsWith("/dev/") ? tty.slice(5) : tty;
      const vt = parseVtName(name);
      const status = vt === null ? null : addon.status(`/dev/${name}`);
      if (vt === null || status === null) return 0;
      const is = isCharacterDevice(status) && status.major === TTY_MAJOR && status.minor === vt;
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
      const look = () => {
        // it has muted what belongs to a terminal before anybody was let away from there
        keeper.catchUp();
        changed(parseVtName(addon.readAgain(fd).trim()) ?? 0);
      };
      poller.watch(fd, URGENT | FAILED, look);
      look();
      return true;
    },
  };
}

/** Which VT is in the foreground at a moment; 0 if that is not known. */
export function createForeground({ addon }: Base): () => number {
  let fd = -1;
  return () => {
    try {
      // not by the descriptor that is watched: a change that is read there is not told any more
      if (fd < 0) fd = addon.openFile(ACTIVE);
      return parseVtName(addon.readAgain(fd).trim()) ?? 0;
    } catch (error) {
      if (error instanceof KernelError) return 0;
      throw error;
    }
  };
}

/** Of a path of a terminal that somebody can sit at; null for every other one. */
function nameOf(path: string): string | null {
  return /^\/dev\/(pts\/[0-9]+|tty[A-Za-z0-9]+)$/.exec(path)?.[1] ?? null;
}
