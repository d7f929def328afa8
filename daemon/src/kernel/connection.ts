/** One accepted connection: what was received, and what waits to be sent. */

import { type Addon, AGAIN, BROKEN } from "./addon.ts";
import type { Connection, ConnectionHandler, ListenLimits, Peer } from "./kernel.ts";
import { type Poller, READABLE, WRITABLE } from "./poller.ts";

/** A closed connection whose peer does not take what is queued for it. */
const DRAIN_MS = 5_000;

interface Pending {
  readonly bytes: Uint8Array;
  offset: number;
  fds: readonly number[] | undefined;
}

export interface Listener {
  readonly addon: Addon;
  readonly poller: Poller;
  readonly limits: ListenLimits;
  readonly buffer: Buffer;
  readonly left: (peer: Peer) => void;
}

/** open: served; closing: what is queued is still sent; ended: its descriptor is closed. */
type State = "open" | "closing" | "ended";

export class Served implements Connection {
  readonly peer: Peer;
  readonly #listener: Listener;
  readonly #fd: number;
  #handler: ConnectionHandler | null = null;
  #queue: Pending[] | null = null;
  #queued = 0;
  #state: State = "open";
  /** The peer sends nothing more: the connection ends when the queue is empty. */
  #halfClosed = false;
  #watched = false;

  constructor(listener: Listener, fd: number, peer: Peer) {
    this.#listener = listener;
    this.#fd = fd;
    this.peer = peer;
  }

  get queued(): number {
    return this.#queued;
  }

  serve(handler: ConnectionHandler): void {
    this.#handler = handler;
    // a client that has sent already need not wait, and one that is answered at once is never watched
    if (!this.#read() && this.#state === "open" && handler.waiting !== undefined) {
      handler.waiting();
      this.#read();
    }
    if (this.#state === "open" && !this.#watched) this.#await(READABLE);
  }

  send(bytes: Uint8Array, fds?: readonly number[]): void {
    const passed = fds === undefined || fds.length === 0 ? undefined : fds;
    if (this.#state !== "open" || bytes.length === 0) return this.#closeAll(passed);
    let taken = 0;
    if (this.#queue === null) {
      taken = this.#push(bytes, 0, passed);
      if (taken === BROKEN) {
        this.#closeAll(passed);
        return this.#endLater();
      }
      if (taken !== AGAIN) this.#closeAll(passed);
      if (taken === bytes.length) return;
    }
    const rest = taken === AGAIN ? 0 : taken;
    if (this.#queued + bytes.length - rest > this.#listener.limits.queueBytes) {
      if (rest === 0) this.#closeAll(passed);
      return this.#endLater();
    }
    this.#enqueue({ bytes: bytes.slice(rest), offset: 0, fds: rest === 0 ? passed : undefined });
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#handler = null;
    if (this.#queue === null) return this.#shut();
    this.#state = "closing";
    this.#await(WRITABLE);
    setTimeout(() => this.#shut(), DRAIN_MS).unref();
  }

  #await(events: number): void {
    const { poller } = this.#listener;
    if (this.#watched) return poller.modify(this.#fd, events);
    try {
      poller.watch(this.#fd, events, (happened) => this.#ready(happened));
      this.#watched = true;
    } catch {
      this.#endLater(); // the kernel's limit of watches: as if there were no descriptor left
    }
  }

  #push(bytes: Uint8Array, offset: number, fds: readonly number[] | undefined): number {
    try {
      return this.#listener.addon.send(this.#fd, bytes, offset, fds);
    } catch {
      return BROKEN;
    }
  }

  #enqueue(pending: Pending): void {
    if (this.#queue === null) {
      this.#queue = [];
      if (!this.#halfClosed) this.#await(READABLE | WRITABLE);
    }
    this.#queue.push(pending);
    this.#queued += pending.bytes.length;
  }

  #ready(events: number): void {
    if (this.#queue !== null && (events & ~READABLE) !== 0) this.#flush();
    // a hang-up or an error shows in the read as well
    if (this.#state === "open" && !this.#halfClosed && (events & ~WRITABLE) !== 0) this.#read();
  }

  /** Whether something was received. */
  #read(): boolean {
    const { addon, buffer } = this.#listener;
    const count = addon.receive(this.#fd, buffer);
    if (count > 0) {
      this.#handler?.received(Buffer.from(buffer.subarray(0, count)));
    } else if (count === 0 && this.#queue !== null) {
      this.#halfClosed = true;
      this.#await(WRITABLE);
    } else if (count !== AGAIN) {
      this.#end();
    }
    return count > 0;
  }

  #flush(): void {
    const queue = this.#queue;
    while (queue !== null && queue.length > 0) {
      const first = queue[0] as Pending;
      const taken = this.#push(first.bytes, first.offset, first.fds);
      if (taken === AGAIN) return;
      if (taken === BROKEN) return this.#end();
      this.#closeAll(first.fds);
      first.fds = undefined;
      first.offset += taken;
      this.#queued -= taken;
      if (first.offset === first.bytes.length) queue.shift();
    }
    this.#queue = null;
    if (this.#state === "closing") return this.#shut();
    if (this.#halfClosed) return this.#end();
    this.#await(READABLE);
  }

  #closeAll(fds: readonly number[] | undefined): void {
    if (fds !== undefined) for (const fd of fds) this.#listener.addon.close(fd);
  }

  #shut(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#listener.poller.drop(this.#fd);
    for (const pending of this.#queue ?? []) this.#closeAll(pending.fds);
    this.#queue = null;
    this.#queued = 0;
    this.#listener.left(this.peer);
  }

  #end(): void {
    const handler = this.#handler;
    this.#handler = null;
    this.#shut();
    handler?.ended();
  }

  /** The caller of send() is in the middle of something: it learns of the end when it is done. */
  #endLater(): void {
    const handler = this.#handler;
    this.#handler = null;
    this.#shut();
    if (handler !== null) queueMicrotask(() => handler.ended());
  }
}
