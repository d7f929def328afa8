/** Ends of processes and FIFOs, each watched under a key and told once, in its turn. */

import type { Base } from "./base.ts";

export class Ends<K> {
  readonly #base: Pick<Base, "addon" | "poller" | "turns">;
  /** How each watch is ended. */
  readonly #watched = new Map<K, () => void>();

  constructor(base: Pick<Base, "addon" | "poller" | "turns">) {
    this.#base = base;
  }

  /** When one of these events comes, or the descriptor hangs up. It is closed here in any case. */
  watch(key: K, fd: number, events: number, ended: () => void): void {
    const { addon, poller } = this.#base;
    this.unwatch(key);
    try {
      poller.watch(fd, events, () => {
        poller.drop(fd);
        this.#tellLater(key, ended);
      });
    } catch (error) {
      addon.close(fd);
      throw error;
    }
    this.#watched.set(key, () => poller.drop(fd));
  }

  /** It has come already. */
  later(key: K, ended: () => void): void {
    this.unwatch(key);
    this.#tellLater(key, ended);
  }

  unwatch(key: K): void {
    const stop = this.#watched.get(key);
    this.#watched.delete(key);
    stop?.();
  }

  #tellLater(key: K, ended: () => void): void {
    const tell = () => {
      this.#watched.delete(key);
      ended();
    };
    this.#watched.set(key, this.#base.turns.later(tell));
  }
}
