/** Connections of the in-memory kernel that its keeper has, too: a test holds the client's end across daemons. */

import type { ListenLimits, Peer } from "./kernel.ts";
import type { MemorySystem } from "./memory-system.ts";
import type { KeptConnection, KeptHandler } from "./seat-kernel.ts";

/** The client's end. */
export interface MemoryKeptClient {
  readonly number: number;
  /** What daemons sent, in the order in which it came. */
  readonly received: readonly { readonly bytes: Buffer; readonly fds: readonly number[] }[];
  /** Whether the daemon's end is closed. */
  readonly closed: boolean;
  /** What it sent and no daemon is done with. */
  readonly unanswered: Buffer;
  send(bytes: Uint8Array): void;
  /** Reads no more until resume(): what the daemon sends waits in its queue. */
  pause(): void;
  resume(): void;
  close(): void;
}

type Sent = { readonly bytes: Buffer; readonly fds: readonly number[] };

/** What of a connection outlives the daemon. */
export class MemoryKept implements MemoryKeptClient {
  readonly received: Sent[] = [];
  readonly number: number;
  readonly peer: Peer;
  unanswered: Buffer = Buffer.alloc(0);
  closed = false;
  /** The end that the running daemon has. */
  end: MemoryKeptEnd | null = null;
  paused = false;
  readonly #system: MemorySystem;

  constructor(system: MemorySystem, number: number, peer: Peer) {
    this.#system = system;
    this.number = number;
    this.peer = peer;
  }

  send(bytes: Uint8Array): void {
    this.unanswered = Buffer.concat([this.unanswered, bytes]);
    queueMicrotask(() => this.end?.show());
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    queueMicrotask(() => this.end?.flush());
  }

  close(): void {
    queueMicrotask(() => {
      this.shut();
      this.end?.hungUp();
    });
  }

  take({ bytes, fds }: Sent): void {
    for (const fd of fds) this.#system.pass(fd, this.peer.pid);
    this.received.push({ bytes, fds });
  }

  shut(): void {
    this.closed = true;
    this.#system.seats.kept.delete(this.number);
  }
}

/** A daemon's end of it. */
class MemoryKeptEnd implements KeptConnection {
  readonly number: number;
  readonly peer: Peer;
  readonly restored: boolean;
  readonly waiting: Buffer;
  handler: KeptHandler | null = null;
  readonly #system: MemorySystem;
  readonly #kept: MemoryKept;
  readonly #limits: ListenLimits;
  #queue: Sent[] = [];
  #showing = false;
  /** Length of the request whose answer waits to be sent. */
  #owed = 0;

  constructor(system: MemorySystem, kept: MemoryKept, limits: ListenLimits, restored: boolean) {
    this.#system = system;
    this.#kept = kept;
    this.#limits = limits;
    this.number = kept.number;
    this.peer = kept.peer;
    this.restored = restored;
    this.waiting = restored ? kept.unanswered.subarray(0, limits.readBytes) : Buffer.alloc(0);
    kept.end = this;
  }

  get queued(): number {
    return this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  send(bytes: Uint8Array, fds: readonly number[] = []): void {
    if (this.#kept.end !== this) return this.#closeAll(fds);
    this.#queue.push({ bytes: Buffer.from(bytes), fds });
    if (this.queued > this.#limits.queueBytes) return this.#lose();
    if (!this.#kept.paused) this.#deliver();
  }

  answer(length: number, bytes: Uint8Array, fds: readonly number[] = []): void {
    if (!this.#showing) return this.#closeAll(fds);
    this.#owed = length;
    this.send(bytes, fds);
  }

  proceed(bytes: number): void {
    if (!this.#showing) return;
    this.#showing = false;
    this.#kept.unanswered = this.#kept.unanswered.subarray(bytes);
    if (bytes > 0) queueMicrotask(() => this.show());
    else setTimeout(() => this.show(), 50).unref();
  }

  close(): void {
    if (this.#kept.end !== this) return;
    this.#deliver();
    this.handler = null;
    this.#kept.end = null;
    this.#kept.shut();
  }

  show(): void {
    const { end, unanswered } = this.#kept;
    if (end !== this || this.#showing || unanswered.length === 0) return;
    this.#showing = true;
    this.handler?.received(Buffer.from(unanswered.subarray(0, this.#limits.readBytes)));
  }

  flush(): void {
    if (this.#queue.length === 0) return;
    this.#deliver();
  }

  hungUp(): void {
    this.#kept.end = null;
    const { handler } = this;
    this.handler = null;
    handler?.ended();
  }

  #deliver(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const sent of queue) this.#kept.take(sent);
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.proceed(owed);
  }

  #lose(): void {
    for (const { fds } of this.#queue) this.#closeAll(fds);
    this.#queue = [];
    this.#kept.shut();
    this.#kept.end = null;
    queueMicrotask(() => this.handler?.ended());
  }

  #closeAll(fds: readonly number[]): void {
    for (const fd of fds) this.#system.close(fd);
  }
}

/** What serves such connections for one daemon. */
export class MemoryKeptListener {
  readonly #system: MemorySystem;
  readonly #limits: ListenLimits;
  readonly #accepted: (connection: KeptConnection) => KeptHandler | null;

  constructor(
    system: MemorySystem,
    limits: ListenLimits,
    accepted: (connection: KeptConnection) => KeptHandler | null,
  ) {
    this.#system = system;
    this.#limits = limits;
    this.#accepted = accepted;
    for (const kept of [...system.seats.kept.values()]) {
      this.#serve(kept, true);
      queueMicrotask(() => kept.end?.show());
    }
  }

  connect(pid: number): MemoryKeptClient {
    const { seats } = this.#system;
    const peer = this.#system.peerOf(pid);
    const kept = new MemoryKept(this.#system, seats.nextKept++, peer);
    const own = [...seats.kept.values()].filter((each) => each.peer.uid === peer.uid).length;
    const full = seats.kept.size >= this.#limits.connections;
    if (full || (peer.uid !== 0 && own >= this.#limits.connectionsPerUid)) kept.closed = true;
    else this.#serve(kept, false);
    return kept;
  }

  #serve(kept: MemoryKept, restored: boolean): void {
    const end = new MemoryKeptEnd(this.#system, kept, this.#limits, restored);
    const handler = this.#accepted(end);
    if (handler === null) return end.close();
    this.#system.seats.kept.set(kept.number, kept);
    end.handler = handler;
  }
}
