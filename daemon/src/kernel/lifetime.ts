/**
 * Lifetime FIFOs. Each has a name, so a later daemon opens it again; a session's processes hold its write end, we
 * only the read end, which hangs up when the last of them has closed.
 */

import { type Dir, lstatSync, opendirSync, readdirSync, readlinkSync } from "node:fs";
import type { SessionId } from "../core/model.ts";
import { isSessionId } from "../core/names.ts";
import type { Base } from "./base.ts";
import { KernelError } from "./kernel.ts";
import type { LifetimePart } from "./parts.ts";

/** An entry of /proc/PID/fd has the owner's write bit when the descriptor was opened for writing. */
const OPEN_FOR_WRITING = 0o200;
/** Looked at in one process, whose user decides how many there are. Entries come in order, the oldest lowest. */
const MOST_DESCRIPTORS = 4096;

export function createLifetimes({ addon, poller }: Base, directory: string): LifetimePart {
  const readers = new Map<SessionId, number>();
  const path = (id: SessionId) => `${directory}/${id}`;

  const close = (id: SessionId) => {
    const fd = readers.get(id);
    if (fd === undefined) return;
    readers.delete(id);
    poller.drop(fd);
  };

  const watch = (id: SessionId, fd: number, ended: () => void) => {
    close(id);
    // no events asked for: the hang-up is reported anyway, and bytes that somebody writes are not
    poller.watch(fd, 0, () => {
      close(id);
      ended();
    });
    readers.set(id, fd);
  };

  return {
    lifetimes: () => readdirSync(directory).filter(isSessionId),
    createLifetime: (id, ended) => watch(id, addon.makeFifo(path(id)), ended),
    resumeLifetime: (id, ended) => watch(id, addon.openFifo(path(id)), ended),
    dropLifetime(id) {
      close(id);
      addon.unlink(path(id));
    },
    openLifetime: (id) => addon.openFifoWriter(path(id)),
    lifetimeHeld(id) {
      let fd: number;
      try {
        fd = addon.openFifo(path(id));
      } catch (error) {
        if (error instanceof KernelError && error.errno === "ENOENT") return false;
        throw error;
      }
      const held = !addon.atEnd(fd);
      addon.close(fd);
      return held;
    },
    lifetimeHolders: (id, pids) => pids.filter((pid) => holds(pid, path(id))),
  };
}

/** The link's text is compared, not its target opened or asked: what else a process has open may block. */
function holds(pid: number, fifo: string): boolean {
  const path = `/proc/${pid}/fd`;
  let directory: Dir | null = null;
  try {
    directory = opendirSync(path);
    for (let looked = 0; looked < MOST_DESCRIPTORS; looked++) {
      const entry = directory.readSync();
      if (entry === null) break;
      const link = `${path}/${entry.name}`;
      if (readlinkSync(link) === fifo && (lstatSync(link).mode & OPEN_FOR_WRITING) !== 0) return true;
    }
  } catch {
    // it ended while we looked
  } finally {
    directory?.closeSync();
  }
  return false;
}
