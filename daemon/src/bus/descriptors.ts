/**
 * Which descriptors came with which message. The bus sends each message by itself, with its descriptors on the first
 * byte, and the kernel ends a read after a piece that carried some: so they belong to the last message that begins
 * within the bytes that were read with them. A message that says otherwise comes from no bus.
 */

import { LOST_FDS } from "../kernel/kernel.ts";
import { BadBytes } from "./reader.ts";

interface Batch {
  readonly fds: readonly number[];
  /** The bytes that they were read with. */
  readonly from: number;
  readonly to: number;
}

function within(start: number, batch: Batch): boolean {
  return start >= batch.from && start < batch.to;
}

export class Descriptors {
  readonly #close: (fd: number) => void;
  #batches: Batch[] = [];
  #position = 0;

  constructor(close: (fd: number) => void) {
    this.#close = close;
  }

  received(bytes: number, fds: readonly number[]): void {
    const from = this.#position;
    this.#position += bytes;
    if (fds.length > 0) this.#batches.push({ fds, from, to: this.#position });
  }

  /** Those of the message that begins there and announces so many; null if the kernel dropped them. Throws BadBytes. */
  take(start: number, count: number): number[] | null {
    if (count === 0) return [];
    const batch = this.#batches.shift();
    if (batch === undefined) throw new BadBytes("a message announces descriptors that did not come");
    const lost = batch.fds.includes(LOST_FDS);
    const right = within(start, batch) && (lost || batch.fds.length === count);
    if (right && !lost) return [...batch.fds];
    this.#closeAll(batch);
    if (right) return null;
    throw new BadBytes("a message announces other descriptors than those that came");
  }

  /** Closes those of a message that begins there, is longer than one read, and is not looked at. */
  drop(start: number): void {
    const [batch] = this.#batches;
    if (batch === undefined || !within(start, batch)) return;
    this.#batches.shift();
    this.#closeAll(batch);
  }

  /** Nothing has been received yet. */
  restart(): void {
    this.closeAll();
    this.#position = 0;
  }

  closeAll(): void {
    for (const batch of this.#batches) this.#closeAll(batch);
    this.#batches = [];
  }

  #closeAll(batch: Batch): void {
    for (const fd of batch.fds) if (fd !== LOST_FDS) this.#close(fd);
  }
}

/** The descriptors of one message, as long as somebody may want them. */
export class MessageFds {
  readonly #close: (fd: number) => void;
  /** null for one that was taken. */
  readonly #fds: (number | null)[];
  #closed = false;

  constructor(fds: number[], close: (fd: number) => void) {
    this.#fds = fds;
    this.#close = close;
  }

  get length(): number {
    return this.#fds.length;
  }

  at(index: unknown): number {
    const fd = typeof index === "number" ? this.#fds[index] : undefined;
    if (typeof fd !== "number" || this.#closed)
      throw new TypeError(`there is no descriptor ${String(index)}`);
    return fd;
  }

  take(index: unknown): number {
    const fd = this.at(index);
    this.#fds[index as number] = null;
    return fd;
  }

  /** Those that nobody took. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const fd of this.#fds) if (fd !== null) this.#close(fd);
  }
}
