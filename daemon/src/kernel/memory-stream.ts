/** Connections that the in-memory kernel makes: a test plays the program behind the socket. */

import { type Kernel, KernelError, type Stream, type StreamHandler, type StreamLimits } from "./kernel.ts";
import type { MemorySystem } from "./memory-system.ts";

/** The other program's end. */
export interface MemoryService {
  /** What the daemon sent. */
  readonly received: readonly { readonly bytes: Buffer; readonly fds: readonly number[] }[];
  readonly closed: boolean;
  /** The descriptors are open in the daemon from now on. */
  send(bytes: Uint8Array, fds?: readonly number[]): void;
  /** Takes nothing until it is called with false. */
  pause(paused: boolean): void;
  close(): void;
}

interface Message {
  readonly bytes: Buffer;
  readonly fds: readonly number[];
}

class MemoryStream implements Stream, MemoryService {
  readonly received: Message[] = [];
  closed = false;
  queued = 0;
  readonly #system: MemorySystem;
  readonly #limits: StreamLimits;
  readonly #handler: StreamHandler;
  #stalled = false;
  #paused = false;
  #waiting: Message[] = [];
  #incoming: Message[] = [];

  constructor(system: MemorySystem, limits: StreamLimits, handler: StreamHandler) {
    this.#system = system;
    this.#limits = limits;
    this.#handler = handler;
  }

  /** The daemon's end and the service's share names: send() of the service is fromService(). */
  send(bytes: Uint8Array, fds: readonly number[] = []): void {
    for (const fd of fds) this.#system.close(fd);
    if (this.closed || bytes.length === 0) return;
    const message = { bytes: Buffer.from(bytes), fds };
    if (!this.#stalled) return void this.received.push(message);
    if (this.queued + bytes.length > this.#limits.queueBytes) return this.end();
    this.#waiting.push(message);
    this.queued += bytes.length;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) queueMicrotask(() => this.#deliver());
  }

  close(): void {
    this.closed = true;
    this.#waiting = [];
    this.queued = 0;
    for (const { fds } of this.#incoming.splice(0)) for (const fd of fds) this.#system.close(fd);
  }

  fromService(bytes: Uint8Array, fds: readonly number[]): void {
    for (const fd of fds) this.#system.receivedFds.add(fd);
    this.#incoming.push({ bytes: Buffer.from(bytes), fds });
    queueMicrotask(() => this.#deliver());
  }

  stall(stalled: boolean): void {
    this.#stalled = stalled;
    if (stalled || this.#waiting.length === 0) return;
    this.received.push(...this.#waiting.splice(0));
    this.queued = 0;
    queueMicrotask(() => this.closed || this.#handler.drained());
  }

  end(): void {
    if (this.closed) return;
    this.close();
    queueMicrotask(() => this.#handler.ended());
  }

  #deliver(): void {
    while (!this.closed && !this.#paused) {
      const next = this.#incoming.shift();
      if (next === undefined) return;
      this.#handler.received(next.bytes, next.fds);
    }
  }
}

export function createMemoryStreams(system: MemorySystem): Pick<Kernel, "connect" | "closeFd"> {
  return {
    connect(path, limits, handler) {
      const serve = system.services.get(path);
      if (serve === undefined) throw new KernelError("connect", "ENOENT", path);
      const stream = new MemoryStream(system, limits, handler);
      const service: MemoryService = {
        received: stream.received,
        get closed() {
          return stream.closed;
        },
        send: (bytes, fds = []) => stream.fromService(bytes, fds),
        pause: (paused) => stream.stall(paused),
        close: () => stream.end(),
      };
      serve(service);
      return stream;
    },
    closeFd: (fd) => system.close(fd),
  };
}
