/** A connection that we make: bytes and descriptors in both directions. */

import { type Addon, AGAIN, BROKEN } from "./addon.ts";
import type { Base } from "./base.ts";
import type { Kernel, Stream, StreamHandler, StreamLimits } from "./kernel.ts";
import { type Poller, READABLE, WRITABLE } from "./poller.ts";

interface Pending {
  readonly bytes: Uint8Array;
  offset: number;
  /** Until the kernel has taken the first byte. */
  fds: readonly number[] | undefined;
}

class Outgoing implements Stream {
  readonly #addon: Addon;
  readonly #poller: Poller;
  readonly #fd: number;
  readonly #limits: StreamLimits;
  readonly #buffer: Buffer;
  readonly #fds: number[] = [];
  #handler: StreamHandler | null;
  #queue: Pending[] = [];
  #queued = 0;
  #paused = false;
  #watched = READABLE;

  constructor(base: Base, fd: number, limits: StreamLimits, handler: StreamHandler) {
    this.#addon = base.addon;
    this.#poller = base.poller;
    this.#fd = fd;
    this.#limits = limits;
    this.#handler = handler;
    this.#buffer = Buffer.allocUnsafeSlow(limits.readBytes);
    this.#poller.watch(fd, READABLE, (events) => this.#ready(events));
  }

  get queued(): number {
    return this.#queued;
  }

  send(bytes: Uint8Array, fds?: readonly number[]): void {
    const passed = fds === undefined || fds.length === 0 ? undefined : fds;
    if (this.#handler === null || bytes.length === 0) return this.#closeAll(passed);
    const pending: Pending = { bytes, offset: 0, fds: passed };
    if (this.#queue.length === 0 && !this.#push(pending)) return this.#endLater();
    if (pending.offset === bytes.length) return;
    const rest = bytes.length - pending.offset;
    if (this.#queued + rest > this.#limits.queueBytes) {
      this.#closeAll(pending.fds);
      return this.#endLater();
    }
    // the caller may use its memory again, and a Buffer's slice() would be the same memory
    this.#queue.push({ bytes: Buffer.from(bytes.subarray(pending.offset)), offset: 0, fds: pending.fds });
    this.#queued += rest;
    this.#watch();
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (this.#handler !== null) this.#watch();
  }

  close(): void {
    if (this.#handler === null) return;
    this.#handler = null;
    this.#poller.drop(this.#fd);
    for (const pending of this.#queue) this.#closeAll(pending.fds);
    this.#queue = [];
    this.#queued = 0;
  }

  #watch(): void {
    const wanted = (this.#paused ? 0 : READABLE) | (this.#queue.length > 0 ? WRITABLE : 0);
    if (wanted === this.#watched) return;
    this.#watched = wanted;
    this.#poller.modify(this.#fd, wanted);
  }

  #ready(events: number): void {
    if (this.#queue.length > 0 && (events & ~READABLE) !== 0) this.#flush();
    // a hang-up or an error shows in the read as well
    if (this.#handler !== null && (events & ~WRITABLE) !== 0) this.#read();
  }

  #read(): void {
    const fds = this.#fds;
    const count = this.#addon.receive(this.#fd, this.#buffer, fds, true);
    if (count > 0) this.#handler?.received(this.#buffer.subarray(0, count), fds.splice(0));
    else if (count !== AGAIN) this.#end();
  }

  /** Sends what the kernel takes of it; false if nothing can be sent any more. */
  #push(pending: Pending): boolean {
    const taken = this.#sendSome(pending);
    if (taken === AGAIN) return true;
    this.#closeAll(pending.fds);
    pending.fds = undefined;
    if (taken === BROKEN) return false;
    pending.offset += taken;
    return true;
  }

  #sendSome(pending: Pending): number {
    try {
      return this.#addon.send(this.#fd, pending.bytes, pending.offset, pending.fds);
    } catch {
      return BROKEN;
    }
  }

  #flush(): void {
    let done = 0;
    for (const pending of this.#queue) {
      const before = pending.offset;
      if (!this.#push(pending)) return this.#end();
      this.#queued -= pending.offset - before;
      if (pending.offset < pending.bytes.length) break;
      done += 1;
    }
    this.#queue.splice(0, done);
    if (this.#queue.length > 0) return;
    this.#watch();
    this.#handler?.drained();
  }

  #closeAll(fds: readonly number[] | undefined): void {
    if (fds !== undefined) for (const fd of fds) this.#addon.close(fd);
  }

  #end(): void {
    const handler = this.#handler;
    this.close();
    handler?.ended();
  }

  /** The caller of send() is in the middle of something: it learns of the end when it is done. */
  #endLater(): void {
    const handler = this.#handler;
    this.close();
    queueMicrotask(() => handler?.ended());
  }
}

export function createStreams(base: Base): Pick<Kernel, "connect" | "closeFd"> {
  return {
    connect(path, limits, handler) {
      const fd = base.addon.connect(path);
      try {
        return new Outgoing(base, fd, limits, handler);
      } catch (error) {
        base.addon.close(fd);
        throw error;
      }
    },
    closeFd: (fd) => base.addon.close(fd),
  };
}
