/** The connection to one user's sessionman-run. */

import type { ManagerNews } from "../core/model.ts";
import { AGAIN, BROKEN } from "./addon.ts";
import type { Base } from "./base.ts";
import { decodeNews, PACKET_MAX } from "./manager-socket.ts";
import { READABLE, WRITABLE } from "./poller.ts";

/** Packets that wait while sessionman-run is in a call that blocks; more are refused. */
const QUEUE_MAX = 64;

const buffer = Buffer.allocUnsafeSlow(PACKET_MAX);

export class ManagerLink {
  readonly #base: Base;
  readonly #fd: number;
  readonly #name: string;
  #told: ((news: ManagerNews) => void) | null = null;
  #queue: Uint8Array[] = [];
  #watched = false;
  #open = true;

  /** Takes over the descriptor. Nothing is read before listen(). */
  constructor(base: Base, fd: number, name: string) {
    this.#base = base;
    this.#fd = fd;
    this.#name = name;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Tells each news to this listener alone; after "ended" nothing, and the connection is closed. Never before this returns. */
  listen(told: (news: ManagerNews) => void): void {
    if (this.#open) this.#watch(READABLE | (this.#queue.length > 0 ? WRITABLE : 0));
    this.#told = told;
  }

  send(packet: Uint8Array): void {
    if (!this.#open) return;
    if (this.#queue.length === 0) {
      const taken = this.#base.addon.send(this.#fd, packet, 0, undefined);
      // that the other end is gone shows in the next read
      if (taken !== AGAIN) return;
      this.#watch(READABLE | WRITABLE);
    }
    if (this.#queue.length < QUEUE_MAX) this.#queue.push(packet);
    else this.#base.log.warn(`${this.#name} does not read its orders: one is lost`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#queue = [];
    if (this.#watched) this.#base.poller.drop(this.#fd);
    else this.#base.addon.close(this.#fd);
  }

  #watch(events: number): void {
    const { poller } = this.#base;
    if (this.#watched) return poller.modify(this.#fd, events);
    poller.watch(this.#fd, events, (happened) => this.#ready(happened));
    this.#watched = true;
  }

  #ready(events: number): void {
    if ((events & WRITABLE) !== 0 && this.#queue.length > 0) this.#flush();
    if ((events & ~WRITABLE) !== 0) this.#read();
  }

  #flush(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#base.addon.send(this.#fd, next, 0, undefined) === AGAIN) return;
      this.#queue.shift();
    }
    this.#base.poller.modify(this.#fd, READABLE);
  }

  #read(): void {
    const count = this.#base.addon.receive(this.#fd, buffer);
    if (count === AGAIN) return;
    if (count === BROKEN || count === 0)
      return this.#end({ state: "ended", message: "sessionman-run is gone" });
    const news = decodeNews(buffer.subarray(0, count));
    if (news === null)
      this.#base.log.warn(`${this.#name} sent a packet of ${count} bytes that is no news, ignored`);
    else if (news.state === "ended") this.#end(news);
    else this.#told?.(news);
  }

  #end(news: ManagerNews): void {
    this.close();
    this.#told?.(news);
  }
}
