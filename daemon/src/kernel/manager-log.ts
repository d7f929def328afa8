/** What a manager and its backend wrote: sessionman-run renames the log when it is long, so there are two files. */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const LOG_MAX = 65_536;
/** Tries to find both files on the same side of a renaming. */
const TRIES = 3;

function open(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null; // it has written nothing, or nothing before
  }
}

function tail(fd: number | null): Buffer {
  if (fd === null) return Buffer.alloc(0);
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(Math.min(size, LOG_MAX));
  const count = readSync(fd, bytes, 0, bytes.length, Math.max(0, size - LOG_MAX));
  return bytes.subarray(0, count);
}

const inode = (fd: number | null): number | null => (fd === null ? null : fstatSync(fd).ino);

/** The end of both together, from the beginning of a line where something was left out. */
export function readManagerLog(path: string): string {
  for (let tried = 1; ; tried += 1) {
    const older = open(`${path}.1`);
    const newer = open(path);
    // another one by now: what was renamed meanwhile would be missing
    const now = open(`${path}.1`);
    try {
      if (inode(now) === inode(older) || tried === TRIES)
        return cut(Buffer.concat([tail(older), tail(newer)]));
    } finally {
      for (const fd of [older, newer, now]) if (fd !== null) closeSync(fd);
    }
  }
}

function cut(bytes: Buffer): string {
  if (bytes.length <= LOG_MAX) return bytes.toString("utf8");
  const end = bytes.subarray(bytes.length - LOG_MAX);
  return end.subarray(end.indexOf("\n") + 1).toString("utf8");
}
