/** The daemon's end of the channel to the keeper. The records are laid out in daemon/keeper/channel.h. */

import type { Addon } from "./addon.ts";
import { AGAIN } from "./addon.ts";
import type { Base } from "./base.ts";
import { READABLE } from "./poller.ts";

export interface Keeper {
  ready(): void;
  onStop(stopped: () => void): void;
  /** Never done before this returns. */
  emptyDirectory(path: string, uid: number, gid: number, done: (error: string | null) => void): void;
}

export const CHANNEL_FD = 3;
/** The instance lock: the daemon only has to keep it from its children. */
const LOCK_FD = 6;
const RECORD_SIZE = 256;
const TEXT_OFFSET = 20;
const READY = 1;
const EMPTY_DIRECTORY = 2;
const DONE = 3;

interface Record {
  readonly op: number;
  readonly serial: number;
  readonly uid: number;
  readonly gid: number;
  readonly text: string;
}

/** The host's byte order is the one that typed arrays have. */
const little = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function encode(record: Record): Uint8Array {
  const bytes = new Uint8Array(RECORD_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, record.op, little);
  view.setUint32(4, record.serial, little);
  view.setUint32(12, record.uid, little);
  view.setUint32(16, record.gid, little);
  bytes.set(Buffer.from(record.text), TEXT_OFFSET);
  return bytes;
}

/** Without a keeper, as in a test: nothing is told, and directories cannot be emptied. */
function absent(): Keeper {
  return {
    ready() {},
    onStop() {},
    emptyDirectory(path, _uid, _gid, done) {
      setImmediate(done, `empty ${path}: there is no keeper`);
    },
  };
}

function adoptLock(addon: Addon): void {
  try {
    addon.adopt(LOCK_FD);
  } catch {
    // a keeper that gave no lock
  }
}

export function createKeeper({ addon, poller }: Base, fd: number): Keeper {
  if (!addon.isPacketSocket(fd)) return absent();
  const pending = new Map<number, (error: string | null) => void>();
  const buffer = Buffer.alloc(RECORD_SIZE);
  let serial = 0;
  let open = true;
  let stopped: (() => void) | null = null;

  const end = () => {
    open = false;
    poller.drop(fd);
    for (const done of pending.values()) done("the keeper is gone");
    pending.clear();
    stopped?.();
  };

  const received = () => {
    const count = addon.receive(fd, buffer);
    if (count === AGAIN) return;
    if (count !== RECORD_SIZE) return end();
    const view = new DataView(buffer.buffer, buffer.byteOffset, RECORD_SIZE);
    const answered = view.getUint32(4, little);
    const done = pending.get(answered);
    if (view.getUint32(0, little) !== DONE || done === undefined) return;
    pending.delete(answered);
    const error = view.getInt32(8, little);
    done(error === 0 ? null : `the keeper could not empty the directory: errno ${error}`);
  };

  const send = (record: Record) => open && addon.send(fd, encode(record), 0, undefined) === RECORD_SIZE;

  addon.adopt(fd);
  adoptLock(addon);
  poller.watch(fd, READABLE, received);
  return {
    ready: () => void send({ op: READY, serial: 0, uid: 0, gid: 0, text: "" }),
    onStop(listener) {
      stopped = listener;
      if (!open) setImmediate(listener);
    },
    emptyDirectory(path, uid, gid, done) {
      serial = (serial + 1) >>> 0;
      const mine = serial;
      const fits = Buffer.byteLength(path) < RECORD_SIZE - TEXT_OFFSET;
      if (fits && send({ op: EMPTY_DIRECTORY, serial: mine, uid, gid, text: path })) pending.set(mine, done);
      else setImmediate(done, `empty ${path}: the keeper does not take the order`);
    },
  };
}
