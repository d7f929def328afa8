/** Listening sockets: who may connect, and how often. */

import type { Addon } from "./addon.ts";
import type { Base } from "./base.ts";
import { Served } from "./connection.ts";
import type { Keeper } from "./keeper.ts";
import { type AcceptedKept, KeptConnections } from "./kept-connections.ts";
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
    this.admit(uid);
    return true;
  }

  /** One who was let in by an earlier daemon. */
  admit(uid: number): void {
    this.#all += 1;
    this.#byUid.set(uid, (this.#byUid.get(uid) ?? 0) + 1);
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
  readonly #welcome: (fd: number, peer: Peer) => void;
  /** Said once for each time that descriptors run out. */
  #complained = false;

  constructor(base: Base, spare: Spare, fd: number, welcome: (fd: number, peer: Peer) => void) {
    this.#base = base;
    this.#spare = spare;
    this.#fd = fd;
    this.#welcome = welcome;
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

  /** Without even a spare descriptor the listening socket would stay readable and wake us for nothing. */
  #rest(): void {
    this.#base.poller.modify(this.#fd, 0);
    setTimeout(() => {
      this.#spare.reopen();
      this.#base.poller.modify(this.#fd, READABLE);
    }, REST_MS);
  }
}

export function createSockets(
  base: Base,
  keeper: Pick<Keeper, "keep" | "forget" | "answer" | "held">,
): Pick<Kernel, "listen" | "serveKept"> {
  const { addon } = base;
  const spare = new Spare(addon);

  function listen(fd: number, limits: ListenLimits, accepted: Accepted): boolean {
    if (!addon.isListening(fd)) return false;
    const door = new Door(limits);
    const left = (peer: Peer) => door.leave(peer.uid);
    const buffer = Buffer.allocUnsafeSlow(limits.readBytes);
    const listener = { addon, poller: base.poller, limits, buffer, left };
    new Acceptor(base, spare, fd, (connected, peer) => {
      if (!door.enter(peer.uid)) return addon.close(connected);
      const connection = new Served(listener, connected, peer);
      connection.serve(accepted(connection));
    });
    return true;
  }

  function serveKept(fd: number, limits: ListenLimits, accepted: AcceptedKept): boolean {
    const door = new Door(limits);
    const kept = new KeptConnections(base, keeper, limits, (peer) => door.leave(peer.uid));
    const { connections } = keeper.held();
    for (const [number, connected] of connections) {
      const connection = kept.restore(connected, number);
      if (connection !== null) door.admit(connection.peer.uid);
      if (connection === null || !kept.serve(connection, accepted)) connections.delete(number);
    }
    if (!addon.isListening(fd)) return false;
    new Acceptor(base, spare, fd, (connected, peer) => {
      if (!door.enter(peer.uid)) return addon.close(connected);
      kept.serve(kept.add(connected, peer), accepted);
    });
    return true;
  }

  return { listen, serveKept };
}
