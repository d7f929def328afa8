/**
 * FIFOs that say by their end that somebody is gone. Each has a name, so a later daemon opens it again; others hold its
 * write end, we only the read end, which hangs up when the last of them has closed.
 */

import type { Base } from "./base.ts";
import { Ends } from "./ends.ts";
import { KernelError } from "./kernel.ts";

/** What opening fails with where there is none, or something else in its place. */
const NO_FIFO: ReadonlySet<string> = new Set(["ENOENT", "EINVAL", "ELOOP"]);

export class NamedFifos<K> {
  readonly #base: Base;
  readonly #path: (key: K) => string;
  readonly #ends: Ends<K>;

  constructor(base: Base, path: (key: K) => string) {
    this.#base = base;
    this.#path = path;
    this.#ends = new Ends(base);
  }

  /** ended is called once, when the last write end is gone; never as long as there was none. */
  create(key: K, ended: () => void): void {
    this.#watch(key, this.#base.addon.makeFifo(this.#path(key)), ended);
  }

  /** The same for one that exists, and it has ended if there is no write end. */
  resume(key: K, ended: () => void): void {
    this.#watch(key, this.#base.addon.openFifo(this.#path(key)), ended);
  }

  drop(key: K): void {
    this.#ends.unwatch(key);
    this.#base.addon.unlink(this.#path(key));
  }

  openWriter(key: K): number {
    return this.#base.addon.openFifoWriter(this.#path(key));
  }

  held(key: K): boolean {
    const { addon } = this.#base;
    let fd: number;
    try {
      fd = addon.openFifo(this.#path(key));
    } catch (error) {
      if (error instanceof KernelError && NO_FIFO.has(error.errno)) return false;
      throw error;
    }
    const held = !addon.atEnd(fd);
    addon.close(fd);
    return held;
  }

  /** No events asked for: the hang-up is reported anyway, and bytes that somebody writes are not. */
  #watch(key: K, fd: number, ended: () => void): void {
    this.#ends.watch(key, fd, 0, ended);
  }
}
