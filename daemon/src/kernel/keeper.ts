/** The daemon's end of the channel to the keeper. The records are laid out in daemon/keeper/channel.h. */

import type { Addon } from "./addon.ts";
import { AGAIN } from "./addon.ts";
import type { Base } from "./base.ts";
import { KernelError } from "./kernel.ts";
import { READABLE, WRITABLE } from "./poller.ts";

export interface Keeper {
  ready(): void;
  onStop(stopped: () => void): void;
  /** Never done before this returns. */
  emptyDirectory(path: string, uid: number, gid: number, done: (error: string | null) => void): void;
  /** Has sessionman-run started in that control group; "-" for none. The listening socket is closed here in any case. */
  run(group: string, given: readonly string[], listener: number): void;
}

export const CHANNEL_FD = 3;
/** The instance lock: the daemon only has to keep it from its children. */
const LOCK_FD = 6;
const RECORD_SIZE = 2048;
const TEXT_OFFSET = 20;
const READY = 1;
const EMPTY_DIRECTORY = 2;
const DONE = 3;
const RUN = 4;

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
function absent(addon: Addon): Keeper {
  return {
    ready() {},
    onStop() {},
    emptyDirectory(path, _uid, _gid, done) {
      setImmediate(done, `empty ${path}: there is no keeper`);
    },
    run(_group, _given, listener) {
      addon.close(listener);
      throw new KernelError("sendmsg", "ENOTCONN", "to the keeper");
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

interface Waiting {
  readonly bytes: Uint8Array;
  /** Sent with it and closed then; -1 for none. */
  readonly fd: number;
}

/** Sends records in their order: when the keeper is busy with many, the next ones wait here. */
class Outbox {
  readonly #base: Base;
  readonly #channel: number;
  #waiting: Waiting[] = [];
  #open = true;

  constructor(base: Base, channel: number) {
    this.#base = base;
    this.#channel = channel;
  }

  /** False if the keeper is gone. */
  send(record: Record, fd = -1): boolean {
    const order = { bytes: encode(record), fd };
    if (this.#waiting.length > 0) {
      this.#waiting.push(order);
    } else if (this.#open && !this.#push(order)) {
      this.#waiting.push(order);
      this.#base.poller.modify(this.#channel, READABLE | WRITABLE);
    }
    return this.#open;
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    while (this.#waiting[0] !== undefined && this.#push(this.#waiting[0])) this.#waiting.shift();
    if (this.#waiting.length === 0) this.#base.poller.modify(this.#channel, READABLE);
  }

  shut(): void {
    this.#open = false;
    for (const { fd } of this.#waiting) this.#close(fd);
    this.#waiting = [];
  }

  /** False if it has to wait. That the keeper is gone shows in the next read. */
  #push({ bytes, fd }: Waiting): boolean {
    if (this.#base.addon.send(this.#channel, bytes, 0, fd < 0 ? undefined : [fd]) === AGAIN) return false;
    this.#close(fd);
    return true;
  }

  #close(fd: number): void {
    if (fd >= 0) this.#base.addon.close(fd);
  }
}

type Done = (error: string | null) => void;

export function createKeeper(base: Base, fd: number): Keeper {
  const { addon, poller } = base;
  if (!addon.isPacketSocket(fd)) return absent(addon);
  const pending = new Map<number, Done>();
  const outbox = new Outbox(base, fd);
  const buffer = Buffer.alloc(RECORD_SIZE);
  let serial = 0;
  let open = true;
  let stopped: (() => void) | null = null;

  const end = () => {
    open = false;
    outbox.shut();
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

  addon.adopt(fd);
  adoptLock(addon);
  poller.watch(fd, READABLE, (events) => {
    if ((events & WRITABLE) !== 0) outbox.flush();
    if ((events & ~WRITABLE) !== 0) received();
  });
  return {
    ready: () => void outbox.send({ op: READY, serial: 0, uid: 0, gid: 0, text: "" }),
    onStop(listener) {
      stopped = listener;
      if (!open) setImmediate(listener);
    },
    emptyDirectory(path, uid, gid, done) {
      serial = (serial + 1) >>> 0;
      const record = { op: EMPTY_DIRECTORY, serial, uid, gid, text: path };
      if (fits(path) && outbox.send(record)) pending.set(serial, done);
      else setImmediate(done, `empty ${path}: the keeper does not take the order`);
    },
    run(group, given, listener) {
      // an empty string ends the list; what follows in the record is zero
      const text = [group, ...given, ""].join("\0");
      const order = { op: RUN, serial: 0, uid: 0, gid: 0, text };
      if (fits(text) && outbox.send(order, listener)) return;
      addon.close(listener);
      throw new KernelError("sendmsg", fits(text) ? "EPIPE" : "E2BIG", "to the keeper");
    },
  };
}

/** With a NUL behind it. */
const fits = (text: string) => Buffer.byteLength(text) < RECORD_SIZE - TEXT_OFFSET;
