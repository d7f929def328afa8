/** Listening sockets: who may connect, and how often. */

import type { Addon } from "./addon.ts";
import type { Base } from "./base.ts";
import { type Listener, Served } from "./connection.ts";
import {
  type Connection,
  type ConnectionHandler,
  type Kernel,
  KernelError,
  type ListenLimits,
  type Peer,
} from "./kernel.ts";
import { READABLE } from "./poller.ts";

/** Accepted per wake-up, so that a flood does not keep other work waiting. */
const ACCEPT_BATCH = 64;
/** How long a listener rests when there is not even the spare descriptor. */
const REST_MS = 100;

type Accepted = (connection: Connection) => ConnectionHandler;

/** Counts connections and decides which are too many. */
class Door {
  readonly #limits: ListenLimits;
  readonly #byUid = new Map<number, number>();
  #all = 0;

  constructor(limits: ListenLimits) {
    this.#limits = limits;
  }

  enter(uid: number): boolean {
    const own = this.#byUid.get(uid) ?? 0;
    if (this.#all >= this.#limits.connections) return false;
    if (uid !== 0 && own >= this.#limits.connectionsPerUid) return false;
    this.#all += 1;
    this.#byUid.set(uid, own + 1);
    return true;
  }

  leave(uid: number): void {
    const own = (this.#byUid.get(uid) ?? 1) - 1;
    this.#all -= 1;
    if (own === 0) this.#byUid.delete(uid);
    else this.#byUid.set(uid, own);
  }
}

/** Kept open to be given up for a moment: without a free descriptor a waiting connection cannot even be refused. */
class Spare {
  readonly #addon: Addon;
  #fd = -1;

  constructor(addon: Addon) {
    this.#addon = addon;
    this.reopen();
  }

  reopen(): void {
    if (this.#fd >= 0) return;
    try {
      this.#fd = this.#addon.openFile("/dev/null");
    } catch {
      // still none free
    }
  }

  /** Accepts and closes one connection; false if that was not possible either. */
  refuse(listener: number): boolean {
    if (this.#fd < 0) return false;
    this.#addon.close(this.#fd);
    this.#fd = -1;
    try {
      const connection = this.#addon.accept(listener);
      if (connection !== null) this.#addon.close(connection.fd);
      return true;
    } catch {
      return false;
    } finally {
      this.reopen();
    }
  }
}

class Acceptor {
  readonly #base: Base;
  readonly #spare: Spare;
  readonly #fd: number;
  readonly #door: Door;
  readonly #listener: Listener;
  readonly #accepted: Accepted;
  /** Said once for each time that descriptors run out. */
  #complained = false;

  constructor(base: Base, spare: Spare, fd: number, limits: ListenLimits, accepted: Accepted) {
    const door = new Door(limits);
    this.#base = base;
    this.#spare = spare;
    this.#fd = fd;
    this.#door = door;
    this.#accepted = accepted;
    this.#listener = {
      addon: base.addon,
      poller: base.poller,
      limits,
      buffer: Buffer.allocUnsafeSlow(limits.readBytes),
      left: (peer) => door.leave(peer.uid),
    };
    base.addon.adopt(fd);
    base.poller.watch(fd, READABLE, () => this.#acceptSome());
  }

  #acceptSome(): void {
    for (let i = 0; i < ACCEPT_BATCH; i += 1) {
      try {
        const next = this.#base.addon.accept(this.#fd);
        if (next === null) return;
        this.#welcome(next.fd, next.peer);
        this.#complained = false;
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        if (!this.#complained) this.#base.log.warn("connections are refused", { error: error.message });
        this.#complained = true;
        if (!this.#spare.refuse(this.#fd)) return this.#rest();
      }
    }
  }

  #welcome(fd: number, peer: Peer): void {
    if (!this.#door.enter(peer.uid)) return this.#base.addon.close(fd);
    const connection = new Served(this.#listener, fd, peer);
    connection.serve(this.#accepted(connection));
  }

  /** Without even a spare descriptor the listening socket would stay readable and wake us for nothing. */
  #rest(): void {
    this.#base.poller.modify(this.#fd, 0);
    setTimeout(() => {
      this.#spare.reopen();
      this.#base.poller.modify(this.#fd, READABLE);
    }, REST_MS);
  }
}

export function createSockets(base: Base): Pick<Kernel, "listen"> {
  const spare = new Spare(base.addon);
  return {
    listen(fd, limits, accepted) {
      new Acceptor(base, spare, fd, limits, accepted);
    },
  };
}
