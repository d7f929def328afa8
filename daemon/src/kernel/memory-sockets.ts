/** Connections of the in-memory kernel: a test holds the client's end. */

import type { Connection, ConnectionHandler, ListenLimits, Peer } from "./kernel.ts";
import type { MemorySystem } from "./memory-system.ts";

/** The client's end of a connection. */
export interface MemoryClient {
  /** What the daemon sent, in the order in which it came. */
  readonly received: readonly { readonly bytes: Buffer; readonly fds: readonly number[] }[];
  /** Whether the daemon's end is closed. */
  readonly closed: boolean;
  send(bytes: Uint8Array): void;
  /** Reads no more until resume(): what the daemon sends waits in its queue. */
  pause(): void;
  resume(): void;
  /** Ends its own direction; what the daemon has queued still arrives. */
  shutdown(): void;
  close(): void;
}

type Accepted = (connection: Connection) => ConnectionHandler;

class MemoryConnection implements Connection, MemoryClient {
  readonly peer: Peer;
  readonly received: { bytes: Buffer; fds: readonly number[] }[] = [];
  closed = false;
  queued = 0;
  handler: ConnectionHandler | null = null;
  readonly #system: MemorySystem;
  readonly #limits: ListenLimits;
  readonly #left: () => void;
  #paused = false;
  /** Our side is done, or the client's: the connection ends with the queue. */
  #ending = false;
  #waiting: { bytes: Buffer; fds: readonly number[] }[] = [];

  constructor(system: MemorySystem, peer: Peer, limits: ListenLimits, left: () => void) {
    this.#system = system;
    this.peer = peer;
    this.#limits = limits;
    this.#left = left;
  }

  /** The daemon's end and the client's share names: send() of the client is fromClient(). */
  send(bytes: Uint8Array, fds: readonly number[] = []): void {
    const message = { bytes: Buffer.from(bytes), fds };
    if (this.closed || bytes.length === 0) return this.#closeAll(fds);
    if (!this.#paused) return this.#deliver(message);
    if (this.queued + bytes.length > this.#limits.queueBytes) {
      this.#closeAll(fds);
      return this.end();
    }
    this.#waiting.push(message);
    this.queued += bytes.length;
  }

  close(): void {
    this.handler = null;
    if (this.#waiting.length > 0) this.#ending = true;
    else this.end();
  }

  fromClient(bytes: Uint8Array): void {
    queueMicrotask(() => {
      if (this.closed || this.#ending) return;
      if (bytes.length > this.#limits.readBytes) this.end();
      else this.handler?.received(Buffer.from(bytes));
    });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.queued = 0;
    for (const message of waiting) this.#deliver(message);
    if (this.#ending) this.end();
  }

  shutdown(): void {
    queueMicrotask(() => {
      if (this.#waiting.length > 0) this.#ending = true;
      else this.end();
    });
  }

  end(): void {
    if (this.closed) return;
    this.closed = true;
    for (const { fds } of this.#waiting) this.#closeAll(fds);
    this.#waiting = [];
    this.queued = 0;
    this.#left();
    const handler = this.handler;
    this.handler = null;
    if (handler !== null) queueMicrotask(() => handler.ended());
  }

  #deliver(message: { bytes: Buffer; fds: readonly number[] }): void {
    for (const fd of message.fds) this.#system.pass(fd, this.peer.pid);
    this.received.push(message);
  }

  #closeAll(fds: readonly number[]): void {
    for (const fd of fds) this.#system.close(fd);
  }
}

export class MemoryListener {
  readonly #system: MemorySystem;
  readonly #limits: ListenLimits;
  readonly #accepted: Accepted;
  readonly #open = new Set<MemoryConnection>();

  constructor(system: MemorySystem, limits: ListenLimits, accepted: Accepted) {
    this.#system = system;
    this.#limits = limits;
    this.#accepted = accepted;
  }

  connect(pid: number): MemoryClient {
    const peer = this.#system.peerOf(pid);
    const connection = new MemoryConnection(this.#system, peer, this.#limits, () => {
      this.#open.delete(connection);
    });
    const own = [...this.#open].filter((each) => each.peer.uid === peer.uid).length;
    const tooMany =
      this.#open.size >= this.#limits.connections ||
      (peer.uid !== 0 && own >= this.#limits.connectionsPerUid);
    if (tooMany) {
      connection.closed = true;
    } else {
      this.#open.add(connection);
      connection.handler = this.#accepted(connection);
      connection.handler.waiting?.();
    }
    return {
      received: connection.received,
      get closed() {
        return connection.closed;
      },
      send: (bytes) => connection.fromClient(bytes),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      shutdown: () => connection.shutdown(),
      close: () => queueMicrotask(() => connection.end()),
    };
  }

  /** The daemon has ended: its connections with it, and nobody is told. */
  shut(): void {
    for (const connection of [...this.#open]) {
      connection.handler = null;
      connection.end();
    }
  }
}
