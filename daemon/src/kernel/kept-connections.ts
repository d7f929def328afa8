/** All connections that the keeper has, too. */

import type { Base } from "./base.ts";
import type { Keeper } from "./keeper.ts";
import { type Keeping, Kept } from "./kept-connection.ts";
import { KernelError, type ListenLimits, type Peer } from "./kernel.ts";
import type { KeptConnection, KeptHandler } from "./seat-kernel.ts";

export type AcceptedKept = (connection: KeptConnection) => KeptHandler | null;

type KeeperPart = Pick<Keeper, "keep" | "forget" | "answer" | "held">;

/** The first version of the keeper that answers for the daemon. */
const KNOWS_ANSWERS = 2;

export class KeptConnections {
  readonly #keeper: KeeperPart;
  readonly #keeping: Keeping;
  readonly #leave: (peer: Peer) => void;
  /** Numbers of those that the keeper has. */
  readonly #kept = new Set<number>();
  #next = 1;

  constructor(
    base: Base,
    keeper: KeeperPart,
    { readBytes, queueBytes }: ListenLimits,
    leave: (peer: Peer) => void,
  ) {
    this.#keeper = keeper;
    this.#leave = leave;
    this.#keeping = {
      base,
      buffer: Buffer.allocUnsafeSlow(readBytes),
      queueBytes,
      answerOf: (number) => this.#answerOf(number),
      left: (connection) => this.#left(connection),
    };
  }

  /** One of an earlier daemon; null if nothing can be learned of it any more. */
  restore(fd: number, number: number): Kept | null {
    const { addon } = this.#keeping.base;
    this.#next = Math.max(this.#next, number + 1);
    try {
      const connection = new Kept(this.#keeping, fd, number, addon.peerOf(fd), true);
      this.#kept.add(number);
      return connection;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      addon.close(fd);
      this.#keeper.forget(number);
      return null;
    }
  }

  add(fd: number, peer: Peer): Kept {
    const number = this.#next;
    this.#next += 1;
    return new Kept(this.#keeping, fd, number, peer, false);
  }

  /** False if the handler refuses it: then nobody keeps it. */
  serve(connection: Kept, accepted: AcceptedKept): boolean {
    const { number, fd } = connection;
    const handler = accepted(connection);
    if (handler === null) {
      connection.close();
      return false;
    }
    if (!this.#kept.has(number) && this.#keeper.keep(number, fd)) this.#kept.add(number);
    connection.serve(handler);
    return true;
  }

  #answerOf(number: number): Keeper["answer"] | null {
    return this.#kept.has(number) && this.#keeper.held().version >= KNOWS_ANSWERS
      ? this.#keeper.answer
      : null;
  }

  #left({ number, peer }: Kept): void {
    if (this.#kept.delete(number)) this.#keeper.forget(number);
    this.#leave(peer);
  }
}
