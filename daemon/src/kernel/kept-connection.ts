/**
 * A connection that the keeper has, too. What comes stays in the socket until it is done with, so that the next daemon
 * finds what this one had not answered.
 */

import { AGAIN } from "./addon.ts";
import type { Base } from "./base.ts";
import { Ending } from "./ending.ts";
import type { Keeper } from "./keeper.ts";
import type { Peer } from "./kernel.ts";
import { Outgoing } from "./outgoing.ts";
import { FAILED, HUNG_UP, READABLE, WRITABLE } from "./poller.ts";
import type { KeptConnection, KeptHandler } from "./seat-kernel.ts";

/** Before what is not enough is looked at again: the socket stays readable meanwhile. */
const AGAIN_MS = 50;
/** A closed connection whose peer does not take what is queued for it. */
const DRAIN_MS = 5_000;

export interface Keeping {
  readonly base: Base;
  /** For all connections: what is shown is copied out of it. */
  readonly buffer: Buffer;
  readonly queueBytes: number;
  /** How the keeper answers on the connection of that number; null if it does not. */
  readonly answerOf: (number: number) => Keeper["answer"] | null;
  /** Called once, when the connection has ended in any way. */
  readonly left: (connection: Kept) => void;
}

/** showing: the handler has what came, and has not said what becomes of it; answering: the keeper sends the answer. */
type State = "open" | "showing" | "answering" | "closing" | "ended";

interface Message {
  readonly bytes: Uint8Array;
  readonly fds: readonly number[] | undefined;
}

export class Kept extends Ending<KeptHandler> implements KeptConnection {
  readonly number: number;
  readonly peer: Peer;
  readonly restored: boolean;
  readonly waiting: Buffer;
  readonly fd: number;
  readonly #keeping: Keeping;
  readonly #outgoing: Outgoing;
  #state: State = "open";
  /** Length of the request whose answer waits to be sent. */
  #owed = 0;
  /** What is not to overtake the answer that the keeper sends. */
  #behind: Message[] = [];
  #events = -1;
  #again: NodeJS.Timeout | undefined;

  constructor(keeping: Keeping, fd: number, number: number, peer: Peer, restored: boolean) {
    super();
    this.#keeping = keeping;
    this.fd = fd;
    this.number = number;
    this.peer = peer;
    this.restored = restored;
    this.#outgoing = new Outgoing(keeping.base.addon, fd, keeping.queueBytes);
    this.waiting = restored ? this.#peek(Buffer.alloc(keeping.buffer.length)) : Buffer.alloc(0);
  }

  get queued(): number {
    return this.#outgoing.bytes;
  }

  /** Nothing is shown before this returns. */
  serve(handler: KeptHandler): void {
    this.handler = handler;
    this.#await();
  }

  send(bytes: Uint8Array, fds?: readonly number[]): void {
    if (this.#state === "closing" || this.#state === "ended") return this.#outgoing.close(fds);
    if (this.#state === "answering") return void this.#behind.push({ bytes, fds });
    if (this.#outgoing.send(bytes, fds) === "lost") return this.endLater();
    this.#await();
  }

  answer(length: number, bytes: Uint8Array, fds?: readonly number[]): void {
    if (this.#state !== "showing") return this.#outgoing.close(fds);
    const answer = this.#outgoing.waits ? null : this.#keeping.answerOf(this.number);
    if (answer === null) return this.#answerAlone(length, { bytes, fds });
    this.#state = "answering";
    answer(this.number, length, bytes, fds?.[0] ?? -1, (error) =>
      this.#answered(error, length, { bytes, fds }),
    );
  }

  #answered(error: string | null, length: number, answer: Message): void {
    if (this.#state !== "answering") return;
    // a descriptor is sent once
    const again = error === "EAGAIN" && answer.fds === undefined;
    if (error !== null && !again) return this.end();
    this.#state = again ? "showing" : "open";
    if (again) this.#answerAlone(length, answer);
    const behind = this.#behind;
    this.#behind = [];
    for (const { bytes, fds } of behind) this.send(bytes, fds);
    this.#await();
  }

  /** Killed between its two halves, this daemon would leave the peer without an answer. */
  #answerAlone(length: number, { bytes, fds }: Message): void {
    const sending = this.#outgoing.answer(length, bytes, fds);
    if (sending === "lost") return this.endLater();
    if (sending === "waiting") this.#owed = length;
    else this.#state = "open";
    this.#await();
  }

  proceed(bytes: number): void {
    if (this.#state !== "showing") return;
    this.#state = "open";
    if (bytes > 0) this.#consume(bytes);
    else this.#again = setTimeout(() => this.#lookAgain(), AGAIN_MS).unref();
    this.#await();
  }

  close(): void {
    if (this.#state === "closing" || this.#state === "ended") return;
    this.handler = null;
    if (!this.#outgoing.waits) return this.shut();
    this.#state = "closing";
    this.#await();
    setTimeout(() => this.shut(), DRAIN_MS).unref();
  }

  #peek(buffer: Buffer): Buffer {
    const count = this.#keeping.base.addon.peek(this.fd, buffer);
    return Buffer.from(buffer.subarray(0, Math.max(count, 0)));
  }

  #consume(bytes: number): void {
    const { base, buffer } = this.#keeping;
    // descriptors that a client has sent make the kernel give less than there is
    for (let left = bytes; left > 0; ) {
      const count = base.addon.receive(this.fd, buffer.subarray(0, left));
      if (count <= 0) return;
      left -= count;
    }
  }

  #lookAgain(): void {
    this.#again = undefined;
    this.#await();
  }

  /** A hang-up is told whatever is asked for. */
  #await(): void {
    const { poller } = this.#keeping.base;
    const reads = this.#state === "open" && this.#again === undefined;
    const events = (reads ? READABLE : 0) | (this.#outgoing.waits ? WRITABLE : 0);
    if (this.#state === "ended" || events === this.#events) return;
    try {
      if (this.#events === -1) poller.watch(this.fd, events, (happened) => this.#ready(happened));
      else poller.modify(this.fd, events);
      this.#events = events;
    } catch {
      this.endLater(); // the kernel's limit of watches: as if there were no descriptor left
    }
  }

  #ready(events: number): void {
    if ((events & (HUNG_UP | FAILED)) !== 0) return this.end();
    if ((events & WRITABLE) !== 0) this.#flush();
    if ((events & READABLE) !== 0 && this.#state === "open") this.#show();
    this.#await();
  }

  #flush(): void {
    const sending = this.#outgoing.flush();
    if (sending === "lost") return this.end();
    if (sending === "waiting") return;
    if (this.#state === "closing") return this.shut();
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.proceed(owed);
  }

  #show(): void {
    const { base, buffer } = this.#keeping;
    const count = base.addon.peek(this.fd, buffer);
    if (count === AGAIN) return;
    if (count <= 0) return this.end();
    this.#state = "showing";
    this.handler?.received(Buffer.from(buffer.subarray(0, count)));
  }

  protected shut(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    clearTimeout(this.#again);
    this.#outgoing.drop();
    for (const { fds } of this.#behind) this.#outgoing.close(fds);
    this.#behind = [];
    // the keeper has the same description: closing it would leave it among those that are watched
    if (this.#events === -1) this.#keeping.base.addon.close(this.fd);
    else this.#keeping.base.poller.forget(this.fd);
    this.#keeping.left(this);
  }
}
