/** Everything that is watched, by descriptor, over the one epoll set of the addon. */

import type { Addon, NativePoll } from "./addon.ts";

export const READABLE = 0x1;
export const URGENT = 0x2;
export const WRITABLE = 0x4;
export const FAILED = 0x8;
export const HUNG_UP = 0x10;

export class Poller {
  readonly #handlers = new Map<number, (events: number) => void>();
  readonly #poll: NativePoll;
  readonly #close: (fd: number) => void;

  constructor(addon: Addon) {
    this.#close = (fd) => addon.close(fd);
    this.#poll = new addon.Poll((fd, events) => this.#handlers.get(fd)?.(events));
  }

  watch(fd: number, events: number, ready: (events: number) => void): void {
    this.#poll.add(fd, events);
    this.#handlers.set(fd, ready);
  }

  modify(fd: number, events: number): void {
    this.#poll.modify(fd, events);
  }

  /** Stops watching and closes the descriptor, the last of its description. */
  drop(fd: number): void {
    this.#handlers.delete(fd);
    this.#poll.drop(fd);
  }

  /** The same for one whose description somebody else has, too. */
  forget(fd: number): void {
    this.#handlers.delete(fd);
    this.#poll.remove(fd);
    this.#close(fd);
  }

  /** Closes every watched descriptor, as the end of the process would. */
  shut(): void {
    for (const fd of [...this.#handlers.keys()]) this.drop(fd);
    this.#poll.shut();
  }
}
