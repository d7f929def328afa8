/** Lifetime FIFOs: a session's processes hold the write end. */

import { type Dir, lstatSync, opendirSync, readdirSync, readlinkSync } from "node:fs";
import type { SessionId } from "../core/model.ts";
import { isSessionId } from "../core/names.ts";
import type { Base } from "./base.ts";
import { NamedFifos } from "./fifos.ts";
import type { LifetimePart } from "./parts.ts";

/** An entry of /proc/PID/fd has the owner's write bit when the descriptor was opened for writing. */
const OPEN_FOR_WRITING = 0o200;
/** Looked at in one process, whose user decides how many there are. Entries come in order, the oldest lowest. */
const MOST_DESCRIPTORS = 4096;

export function createLifetimes(base: Base, directory: string): LifetimePart {
  const path = (id: SessionId) => `${directory}/${id}`;
  const fifos = new NamedFifos<SessionId>(base, path);
  return {
    lifetimes: () => readdirSync(directory).filter(isSessionId),
    createLifetime: (id, ended) => fifos.create(id, ended),
    resumeLifetime: (id, ended) => fifos.resume(id, ended),
    dropLifetime: (id) => fifos.drop(id),
    openLifetime: (id) => fifos.openWriter(id),
    lifetimeHeld: (id) => fifos.held(id),
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
