/**
 * The files of lingering users, which outlive the boot: the name is the user's id, the content the user's name, so that
 * an id which has come to somebody else meanwhile does not linger for them.
 */

import { constants, readdirSync, unlinkSync } from "node:fs";
import type { Uid } from "../core/model.ts";
import { isUserName, parseUid } from "../core/names.ts";
import type { LogPort, StorePort } from "../loop/ports.ts";
import { readSmall } from "./small.ts";

/** A daemon's start need not pay for loading it. */
const files = () => process.getBuiltinModule("node:fs").promises;

export interface LingerFiles extends Pick<StorePort, "saveLinger" | "eraseLinger"> {
  load(): { readonly uid: Uid; readonly name: string }[];
}

/** A name of 256 characters and a newline. */
const CONTENT_MAX = 1025;
/** What a crash left of a write. */
const LEFTOVER = /^[0-9]{1,10}\.tmp$/;

export function createLingerFiles(directory: string, log: LogPort): LingerFiles {
  const inTurn = createTurns();
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
    saveLinger(uid, name, done) {
      inTurn(done, async () => {
        await files().mkdir(directory, { recursive: true, mode: 0o755 });
        await replace(`${directory}/${uid}`, `${name}\n`);
        await syncDirectory(directory);
      });
    },
    eraseLinger(uid, done) {
      inTurn(done, async () => {
        try {
          await files().unlink(`${directory}/${uid}`);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
          throw error;
        }
        await syncDirectory(directory);
      });
    },
  };
}

/** A disk may take seconds over it: the loop does not wait, and each order waits for the one before. */
function createTurns(): (done: (error: string | null) => void, action: () => Promise<void>) => void {
  let last = Promise.resolve();
  return (done, action) => {
    const outcome = last.then(action).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    // what a listener throws is no business of the next one, and must not get lost either
    last = outcome.then((error) => void setImmediate(done, error));
  };
}

function parseName(content: string | null): string | null {
  const name = content?.replace(/\n$/, "") ?? "";
  return isUserName(name) ? name : null;
}

/** The old file stays until the new one is on the disk as a whole. */
async function replace(path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeThrough(temporary, content);
    await files().rename(temporary, path);
  } catch (error) {
    await files().rm(temporary, { force: true });
    throw error;
  }
}

async function writeThrough(path: string, content: string): Promise<void> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await files().open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o644);
  try {
    await file.chmod(0o644);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await files().open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function attempt(log: LogPort, action: () => void): void {
  try {
    action();
  } catch (error) {
    log.error(`cannot remove what a crash left: ${String(error)}`);
  }
}
