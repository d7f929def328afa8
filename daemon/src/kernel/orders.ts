/** Orders to the keeper that it answers, until it does. */

import type { Base } from "./base.ts";
import { fits, type Order, type Received } from "./channel.ts";

/** The keeper is. */
export const GONE = "ENOTCONN";

export interface Answer {
  readonly error: string | null;
  /** Of a device. */
  readonly live: boolean;
  /** The receiver's to close; -1 for none. */
  readonly fd: number;
}

/** By their serials. */
export class Orders {
  readonly #pending = new Map<number, (answer: Answer) => void>();
  readonly #send: (order: Order, fd?: number) => boolean;
  readonly #base: Base;
  #serial = 0;

  constructor(base: Base, send: (order: Order, fd?: number) => boolean) {
    this.#base = base;
    this.#send = send;
  }

  /** The descriptor is closed in any case. */
  give(order: Order, answered: (answer: Answer) => void, fd = -1): void {
    this.#serial = (this.#serial + 1) >>> 0;
    const refusal = fits(order.text ?? "") ? GONE : "E2BIG";
    if (refusal === GONE && this.#send({ ...order, serial: this.#serial }, fd)) {
      this.#pending.set(this.#serial, answered);
      return;
    }
    if (fd >= 0) this.#base.addon.close(fd);
    setImmediate(answered, { error: refusal, live: false, fd: -1 });
  }

  /** False if nobody waits for it. */
  answer(record: Received): boolean {
    const answered = this.#pending.get(record.serial);
    if (answered === undefined) return false;
    this.#pending.delete(record.serial);
    const error = record.value === 0 ? null : this.#base.addon.errorName(record.value);
    answered({ error, live: record.uid === 1, fd: record.fds[0] ?? -1 });
    return true;
  }

  end(): void {
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const answered of waiting) answered({ error: GONE, live: false, fd: -1 });
  }
}
