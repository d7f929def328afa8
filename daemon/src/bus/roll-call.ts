/**
 * Which callers are still there. While somebody floods us the bus throws away what it has for us, the news of who has
 * left as well: after what may have been a flood, or when there are very many callers, each of them is asked for again.
 */

import type { Callers } from "./callers.ts";

/** What fills the bus's queue to us: so many bytes, or descriptors in so few messages. */
const FLOOD_BYTES = 16 * 1024 * 1024;
const FLOOD_MESSAGES = 4;
const CROWD = 512;
const BEGIN_MS = 1_000;
const AT_ONCE = 64;

export class RollCall {
  readonly #callers: Callers;
  /** Whether the bus has that connection; rejects if it does not say. */
  readonly #ask: (name: string) => Promise<boolean>;
  #bytes = 0;
  #crowd = CROWD;
  /** Until the last one has been asked for. */
  #timer: NodeJS.Timeout | undefined;
  #lost = false;

  constructor(callers: Callers, ask: (name: string) => Promise<boolean>) {
    this.#callers = callers;
    this.#ask = ask;
  }

  /** So much was read at once. */
  came(bytes: number, withDescriptors: boolean): void {
    this.#bytes += withDescriptors ? FLOOD_BYTES / FLOOD_MESSAGES : bytes;
    if (this.#bytes >= FLOOD_BYTES || this.#callers.count >= this.#crowd) this.soon();
  }

  /** Something of the bus has not come. */
  soon(): void {
    if (!this.#lost) this.#timer ??= setTimeout(() => void this.#callAll(), BEGIN_MS).unref();
  }

  /** The bus is lost. */
  lost(): void {
    this.#lost = true;
    clearTimeout(this.#timer);
  }

  async #callAll(): Promise<void> {
    // what comes from now on is another flood
    this.#bytes = 0;
    const names = this.#callers.names();
    let answered = 0;
    for (let i = 0; i < names.length; i += AT_ONCE) {
      const before = answered;
      for (const known of await Promise.all(names.slice(i, i + AT_ONCE).map((name) => this.#call(name))))
        if (known) answered += 1;
      // it throws everything away at the moment
      if (answered === before) break;
    }
    this.#timer = undefined;
    this.#crowd = Math.max(CROWD, 2 * this.#callers.count);
    if (answered < names.length) this.soon();
  }

  /** Whether the bus has said where it is. */
  async #call(name: string): Promise<boolean> {
    try {
      if (!(await this.#ask(name))) this.#callers.left(name);
      return true;
    } catch {
      return false;
    }
  }
}
