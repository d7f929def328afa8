/** One accepted connection: what was received, and what waits to be sent. */

import { type Addon, AGAIN } from "./addon.ts";
import { Ending } from "./ending.ts";
import type { Connection, ConnectionHandler, ListenLimits, Peer } from "./kernel.ts";
import { Outgoing } from "./outgoing.ts";
import { type Poller, READABLE, WRITABLE } from "./poller.ts";

/** A closed connection whose peer does not take what is queued for it. */
const DRAIN_MS = 5_000;

export interface Listener {
  readonly addon: Addon;
  readonly poller: Poller;
  readonly limits: ListenLimits;
  readonly buffer: Buffer;
  readonly left: (peer: Peer) => void;
}

/** open: served; closing: what is queued is still sent; ended: its descriptor is closed. */
type State = "open" | "closing" | "ended";

export class Served extends Ending<ConnectionHandler> implements Connection {
  readonly peer: Peer;
  readonly #listener: Listener;
  readonly #fd: number;
  readonly #outgoing: Outgoing;
  #state: State = "open";
  /** The peer sends nothing more: the connection ends when the queue is empty. */
  #halfClosed = false;
  #watched = false;

  constructor(listener: Listener, fd: number, peer: Peer) {
    super();
    this.#listener = listener;
    this.#fd = fd;
    this.#outgoing = new Outgoing(listener.addon, fd, listener.limits.queueBytes);
    this.peer = peer;
  }

  get queued(): number {
    return this.#outgoing.bytes;
  }

  serve(handler: ConnectionHandler): void {
    this.handler = handler;
    // a client that has sent already need not wait, and one that is answered at once is never watched
    if (!this.#read() && this.#state === "open" && handler.waiting !== undefined) {
      handler.waiting();
      this.#read();
    }
    if (this.#state === "open" && !this.#watched) this.#await(READABLE);
  }

  send(bytes: Uint8Array, fds?: readonly number[]): void {
    if (this.#state !== "open" || bytes.length === 0) return this.#outgoing.close(fds);
    const waited = this.#outgoing.waits;
    const sending = this.#outgoing.send(bytes, fds);
    if (sending === "lost") return this.endLater();
    if (sending === "waiting" && !waited && !this.#halfClosed) this.#await(READABLE | WRITABLE);
  }

  close(): void {
    if (this.#state !== "open") return;
    this.handler = null;
    if (!this.#outgoing.waits) return this.shut();
    this.#state = "closing";
    this.#await(WRITABLE);
    setTimeout(() => this.shut(), DRAIN_MS).unref();
  }

  #await(events: number): void {
    const { poller } = this.#listener;
    if (this.#watched) return poller.modify(this.#fd, events);
    try {
      poller.watch(this.#fd, events, (happened) => this.#ready(happened));
      this.#watched = true;
    } catch {
      this.endLater(); // the kernel's limit of watches: as if there were no descriptor left
    }
  }

  #ready(events: number): void {
    if (this.#outgoing.waits && (events & ~READABLE) !== 0) this.#flush();
    // a hang-up or an error shows in the read as well
    if (this.#state === "open" && !this.#halfClosed && (events & ~WRITABLE) !== 0) this.#read();
  }

  /** Whether something was received. */
  #read(): boolean {
    const { addon, buffer } = this.#listener;
    const count = addon.receive(this.#fd, buffer);
    if (count > 0) {
      this.handler?.received(Buffer.from(buffer.subarray(0, count)));
    } else if (count === 0 && this.#outgoing.waits) {
      this.#halfClosed = true;
      this.#await(WRITABLE);
    } else if (count !== AGAIN) {
      this.end();
    }
    return count > 0;
  }

  #flush(): void {
    const sending = this.#outgoing.flush();
    if (sending === "waiting") return;
    if (sending === "lost") return this.end();
    if (this.#state === "closing") return this.shut();
    if (this.#halfClosed) return this.end();
    this.#await(READABLE);
  }

  protected shut(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#listener.poller.drop(this.#fd);
    this.#outgoing.drop();
    this.#listener.left(this.peer);
  }
}
