/** The records between daemon and keeper, laid out as in daemon/keeper/channel.h, and their way to the keeper. */

import { AGAIN } from "./addon.ts";
import type { Base } from "./base.ts";
import { READABLE, WRITABLE } from "./poller.ts";

export const RECORD_SIZE = 2048;
const TEXT_OFFSET = 20;

/** What a record is about; the keeper's words for them are in channel.h. */
export const OP = {
  ready: 1,
  emptyDirectory: 2,
  done: 3,
  run: 4,
  openDevice: 5,
  pauseDevice: 6,
  resumeDevice: 7,
  closeDevice: 8,
  takeVt: 9,
  releaseVt: 10,
  vtLeft: 11,
  keep: 12,
  forget: 13,
  held: 14,
  startGetty: 15,
  gettyEnded: 16,
  answer: 17,
} as const;

export interface Order {
  readonly op: number;
  readonly serial?: number;
  readonly value?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly text?: string;
  /** Instead of a text. */
  readonly bytes?: Uint8Array;
}

/** The host's byte order is the one that typed arrays have. */
const little = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function encode(order: Order): Uint8Array {
  const bytes = new Uint8Array(RECORD_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, order.op, little);
  view.setUint32(4, order.serial ?? 0, little);
  view.setUint32(8, order.value ?? 0, little);
  view.setUint32(12, order.uid ?? 0, little);
  view.setUint32(16, order.gid ?? 0, little);
  bytes.set(order.bytes ?? Buffer.from(order.text ?? ""), TEXT_OFFSET);
  return bytes;
}

/** With a NUL behind it. */
export function fits(text: string): boolean {
  return Buffer.byteLength(text) < RECORD_SIZE - TEXT_OFFSET;
}

/** A record of the keeper's; it reads from the buffer, which is used again. */
export class Received {
  readonly #view: DataView;
  readonly fds: readonly number[];

  constructor(buffer: Uint8Array, fds: readonly number[]) {
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, RECORD_SIZE);
    this.fds = fds;
  }

  get op(): number {
    return this.#view.getUint32(0, little);
  }

  get serial(): number {
    return this.#view.getUint32(4, little);
  }

  get value(): number {
    return this.#view.getInt32(8, little);
  }

  get uid(): number {
    return this.#view.getUint32(12, little);
  }

  get gid(): number {
    return this.#view.getUint32(16, little);
  }

  /** The text as numbers. */
  number(index: number): number {
    return this.#view.getUint32(TEXT_OFFSET + 4 * index, little);
  }
}

interface Waiting {
  readonly bytes: Uint8Array;
  /** Sent with it and closed then; -1 for none. */
  readonly fd: number;
}

/** Sends records in their order: when the keeper is busy with many, the next ones wait here. */
export class Outbox {
  readonly #base: Base;
  readonly #channel: number;
  #waiting: Waiting[] = [];
  #open = true;

  constructor(base: Base, channel: number) {
    this.#base = base;
    this.#channel = channel;
  }

  /** False if the keeper is gone. */
  send(record: Order, fd = -1): boolean {
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
