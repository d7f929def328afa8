/**
 * The files of lingering users, which outlive the boot: the name is the user's id, the content the user's name, so that
 * an id which has come to somebody else meanwhile does not linger for them.
 */

import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import type { Uid } from "../core/model.ts";
import { isUserName, parseUid } from "../core/names.ts";
import type { LogPort, StorePort } from "../loop/ports.ts";
import { readSmall } from "./small.ts";

export interface LingerFiles extends Pick<StorePort, "saveLinger" | "eraseLinger"> {
  load(): { readonly uid: Uid; readonly name: string }[];
}

/** A name of 256 characters and a newline. */
const CONTENT_MAX = 1025;
/** What a crash left of a write. */
const LEFTOVER = /^[0-9]{1,10}\.tmp$/;

export function createLingerFiles(directory: string, log: LogPort): LingerFiles {
  const list = (): string[] => {
    try {
      return readdirSync(directory);
    } catch (error) {
      const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!absent) log.error(`cannot read the files of lingering users: ${String(error)}`);
      return [];
    }
  };

  return {
    load() {
      return list().flatMap((file) => {
        const uid = parseUid(file);
        const name = uid === null ? null : parseName(readSmall(`${directory}/${file}`, CONTENT_MAX));
        if (uid !== null && name !== null) return [{ uid, name }];
        if (LEFTOVER.test(file)) attempt(log, () => unlinkSync(`${directory}/${file}`));
        else log.warn(`${directory}/${file} is not the file of a lingering user: left alone`);
        return [];
      });
    },
    saveLinger(uid, name) {
      const path = `${directory}/${uid}`;
      mkdirSync(directory, { recursive: true, mode: 0o755 });
      replace(path, `${name}\n`);
      syncDirectory(directory);
    },
    eraseLinger(uid) {
      try {
        unlinkSync(`${directory}/${uid}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        throw error;
      }
      syncDirectory(directory);
    },
  };
}

function parseName(content: string | null): string | null {
  const name = content?.replace(/\n$/, "") ?? "";
  return isUserName(name) ? name : null;
}

/** The old file stays until the new one is on the disk as a whole. */
function replace(path: string, content: string): void {
  const temporary = `${path}.tmp`;
  try {
    writeThrough(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function writeThrough(path: string, content: string): void {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o644);
  try {
    fchmodSync(fd, 0o644);
    const bytes = Buffer.from(content);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function attempt(log: LogPort, action: () => void): void {
  try {
    action();
  } catch (error) {
    log.error(`cannot remove what a crash left: ${String(error)}`);
  }
}
