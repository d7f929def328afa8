/** What waits to be sent over one connection, with the descriptors that go with it. */

import { type Addon, AGAIN, BROKEN } from "./addon.ts";

interface Pending {
  readonly bytes: Uint8Array;
  offset: number;
  /** Until the kernel has taken the first byte. */
  fds: readonly number[] | undefined;
}

/** sent: nothing waits; waiting: the peer does not take more now; lost: the peer is gone, or takes too little. */
export type Sending = "sent" | "waiting" | "lost";

export class Outgoing {
  readonly #addon: Addon;
  readonly #fd: number;
  /** More bytes than these never wait. */
  readonly #limit: number;
  #queue: Pending[] | null = null;
  #queued = 0;

  constructor(addon: Addon, fd: number, limit: number) {
    this.#addon = addon;
    this.#fd = fd;
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#queued;
  }

  get waits(): boolean {
    return this.#queue !== null;
  }

  /** The descriptors are closed when they are sent, or cannot be. */
  send(bytes: Uint8Array, fds: readonly number[] | undefined): Sending {
    let taken = 0;
    if (this.#queue === null) {
      taken = this.#push(bytes, 0, fds);
      if (taken !== AGAIN) this.close(fds);
      if (taken === BROKEN) return "lost";
      if (taken === bytes.length) return "sent";
    }
    return this.#enqueue(bytes, Math.max(taken, 0), taken > 0 ? undefined : fds);
  }

  /** The same with the answer to a request of that length, which is discarded with the sending. */
  answer(length: number, bytes: Uint8Array, fds: readonly number[] | undefined): Sending {
    if (this.#queue !== null) return this.send(bytes, fds);
    const taken = this.#call(() => this.#addon.answer(this.#fd, bytes, 0, fds, length));
    if (taken === AGAIN) return this.#enqueue(bytes, 0, fds);
    this.close(fds);
    return taken === bytes.length ? "sent" : "lost";
  }

  flush(): Sending {
    const queue = this.#queue ?? [];
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const taken = this.#push(first.bytes, first.offset, first.fds);
      if (taken === AGAIN) return "waiting";
      if (taken === BROKEN) return "lost";
      this.close(first.fds);
      first.fds = undefined;
      first.offset += taken;
      this.#queued -= taken;
      if (first.offset === first.bytes.length) queue.shift();
    }
    this.#queue = null;
    return "sent";
  }

  /** Nothing of what waits is sent any more. */
  drop(): void {
    for (const pending of this.#queue ?? []) this.close(pending.fds);
    this.#queue = null;
    this.#queued = 0;
  }

  close(fds: readonly number[] | undefined): void {
    if (fds !== undefined) for (const fd of fds) this.#addon.close(fd);
  }

  #enqueue(bytes: Uint8Array, taken: number, fds: readonly number[] | undefined): Sending {
    if (this.#queued + bytes.length - taken > this.#limit) {
      this.close(fds);
      return "lost";
    }
    this.#queue ??= [];
    // the caller may use its memory again, and a Buffer's slice() would be the same memory
    this.#queue.push({ bytes: Buffer.from(bytes.subarray(taken)), offset: 0, fds });
    this.#queued += bytes.length - taken;
    return "waiting";
  }

  #push(bytes: Uint8Array, offset: number, fds: readonly number[] | undefined): number {
    return this.#call(() => this.#addon.send(this.#fd, bytes, offset, fds));
  }

  #call(send: () => number): number {
    try {
      return send();
    } catch {
      return BROKEN;
    }
  }
}
