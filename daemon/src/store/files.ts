/** The records below the run directory: written atomically while the daemon lives, read back when it starts. */

import { existsSync, mkdirSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import type { Inhibitor, Session, SessionId, Uid, User } from "../core/model.ts";
import { isSessionId, parseUid } from "../core/names.ts";
import type { SeatRecord } from "../core/seat-events.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { LogPort, StorePort } from "../loop/ports.ts";
import { RECORD_MAX } from "./envelope.ts";
import { createLingerFiles } from "./lingering.ts";
import { parseSession, renderSession } from "./render.ts";
import { parseInhibitor, renderInhibitor } from "./render-inhibitor.ts";
import { parseSeat, renderSeat } from "./render-seat.ts";
import { parseUser, renderUser } from "./render-user.ts";
import { readSmall } from "./small.ts";

export interface Store extends StorePort {
  /** What an earlier daemon of this boot left. Damaged records are moved aside, their session ids named. */
  load(): Loaded;
}

export interface Loaded {
  readonly nextId: number;
  readonly sessions: readonly Session[];
  readonly users: readonly User[];
  readonly inhibitors: readonly Inhibitor[];
  readonly seats: readonly SeatRecord[];
  readonly lingering: readonly { readonly uid: Uid; readonly name: string }[];
}

interface StoreOptions {
  readonly run: string;
  /** Where the files of lingering users are. */
  readonly lingering: string;
  readonly boot: string;
  readonly kernel: Pick<Kernel, "writeFile" | "checksum">;
  readonly log: LogPort;
}

export function createStore({ run, lingering, boot, kernel, log }: StoreOptions): Store {
  const { writeFile, checksum } = kernel;
  const { load: loadLingering, ...linger } = createLingerFiles(lingering, log);
  const sessions = `${run}/sessions`;
  const users = `${run}/users`;
  const inhibitors = `${run}/inhibitors`;
  const seats = `${run}/seats`;
  const ids = `${run}/next-id`;

  function load(): Loaded {
    for (const folder of [sessions, users, inhibitors, seats])
      mkdirSync(folder, { recursive: true, mode: 0o755 });
    const parse = {
      session: (name: string, text: string) =>
        isSessionId(name) ? parseSession(name, text, boot, checksum) : null,
      user: (name: string, text: string) => {
        const uid = parseUid(name);
        return uid === null ? null : parseUser(uid, text, boot, checksum);
      },
      inhibitor: (name: string, text: string) =>
        /^[1-9][0-9]{0,14}$/.test(name) ? parseInhibitor(Number(name), text, boot, checksum) : null,
    };
    const seat = (name: string, text: string) => parseSeat(name, text, boot, checksum);
    return {
      nextId: Math.max(readNextId(ids, boot, log), 1),
      sessions: readFolder(sessions, parse.session, log),
      users: readFolder(users, parse.user, log),
      inhibitors: readFolder(inhibitors, parse.inhibitor, log),
      seats: readFolder(seats, seat, log),
      lingering: loadLingering(),
    };
  }

  return {
    ...linger,
    load,
    reserveIds: (below) => writeFile(ids, `${boot} ${below}\n`),
    saveSession: (session: Session) =>
      writeFile(`${sessions}/${session.id}`, renderSession(session, boot, checksum)),
    eraseSession: (id: SessionId) => erase(`${sessions}/${id}`),
    saveInhibitor: (inhibitor) =>
      writeFile(`${inhibitors}/${inhibitor.id}`, renderInhibitor(inhibitor, boot, checksum)),
    eraseInhibitor: (id) => erase(`${inhibitors}/${id}`),
    saveUser: (user: User) => writeFile(`${users}/${user.uid}`, renderUser(user, boot, checksum)),
    saveSeat: (seat) => writeFile(`${seats}/${seat.id}`, renderSeat(seat, boot, checksum)),
    eraseSeat: (id) => erase(`${seats}/${id}`),
    eraseUser: (uid: Uid) => erase(`${users}/${uid}`),
  };
}

function readFolder<R>(folder: string, parse: (name: string, text: string) => R | null, log: LogPort): R[] {
  const records: R[] = [];
  for (const name of readdirSync(folder)) {
    if (name.endsWith(".ref") || name.endsWith(".damaged")) continue;
    const path = `${folder}/${name}`;
    if (name.startsWith(".#")) {
      removeLeftover(path, log);
      continue;
    }
    const text = readSmall(path, RECORD_MAX);
    const record = text === null ? null : parse(name, text);
    if (record !== null) records.push(record);
    else setAside(path, log);
  }
  return records;
}

/** What a crash left of a write. */
function removeLeftover(path: string, log: LogPort): void {
  try {
    erase(path);
  } catch (error) {
    log.error(`cannot remove ${path}: ${String(error)}`);
  }
}

function setAside(path: string, log: LogPort): void {
  const aside = `${path}.damaged`;
  log.error(`record ${path} is damaged: moved to ${aside}`);
  try {
    renameSync(path, aside);
  } catch (error) {
    log.error(`cannot move ${path} aside: ${String(error)}`);
  }
}

/**
 * The first id that this boot has not used; ids of an earlier boot do not count. Where the file is damaged, the
 * seconds since 1970: more than any boot has used.
 */
function readNextId(path: string, boot: string, log: LogPort): number {
  if (!existsSync(path)) return 1;
  const [, ofBoot, below = ""] =
    /^([0-9a-f-]{36}) ([1-9][0-9]{0,9})\n$/.exec(readSmall(path, RECORD_MAX) ?? "") ?? [];
  if (ofBoot !== undefined) return ofBoot === boot ? Number(below) : 1;
  log.error(`${path} is damaged: session ids go on from the time of day`);
  return Math.floor(Date.now() / 1000);
}

function erase(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
