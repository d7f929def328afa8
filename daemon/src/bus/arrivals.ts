/** Method calls from the connection to the dispatcher: first who calls, then whose turn it is. */

import type { Caller } from "./call.ts";
import type { Callers } from "./callers.ts";
import type { Incoming } from "./connection.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { ACCESS_DENIED, LIMITS_EXCEEDED, refuse } from "./errors.ts";
import { FairQueue } from "./fair-queue.ts";

/** Calls of one sender that wait until the bus has said who it is; bytes of all of them. */
const UNKNOWN_CALLS_MAX = 128;
const UNKNOWN_BYTES_MAX = 16 * 1024 * 1024;

interface Arrival {
  readonly caller: Caller;
  readonly message: Incoming;
}

export class Arrivals {
  readonly #callers: Callers;
  readonly #dispatcher: Dispatcher;
  readonly #queue: FairQueue<Arrival>;
  readonly #unknown = new Map<string, Incoming[]>();
  #unknownBytes = 0;

  constructor(callers: Callers, dispatcher: Dispatcher, blocked: () => boolean) {
    this.#callers = callers;
    this.#dispatcher = dispatcher;
    this.#queue = new FairQueue(({ caller, message }) => dispatcher.serve(caller, message), blocked);
  }

  begin(): void {
    this.#queue.begin();
  }

  resume(): void {
    this.#queue.resume();
  }

  /** Owns the message's descriptors. */
  add(message: Incoming): void {
    const { sender } = message.header;
    const waiting = this.#unknown.get(sender);
    const caller = waiting === undefined ? this.#callers.get(sender) : undefined;
    if (caller !== undefined) return this.#enqueue(caller, message);
    const bytes = this.#unknownBytes + message.body.length;
    if (bytes > UNKNOWN_BYTES_MAX || (waiting?.length ?? 0) >= UNKNOWN_CALLS_MAX)
      return this.#refuseMore(message);
    this.#unknownBytes = bytes;
    if (waiting !== undefined) return void waiting.push(keep(message));
    this.#unknown.set(sender, [keep(message)]);
    this.#callers.lookUp(sender).then((found) => this.#identified(sender, found));
  }

  /** The bus is gone: nothing of it is answered. */
  lost(): void {
    const messages = [
      ...[...this.#unknown.values()].flat(),
      ...this.#queue.clear().map(({ message }) => message),
    ];
    this.#unknown.clear();
    for (const { fds } of messages) fds.close();
  }

  #identified(sender: string, caller: Caller | null): void {
    const waiting = this.#unknown.get(sender) ?? [];
    this.#unknown.delete(sender);
    for (const message of waiting) {
      this.#unknownBytes -= message.body.length;
      if (caller !== null) this.#enqueue(caller, message);
      else this.#dispatcher.refuse(message, refuse(ACCESS_DENIED, "the bus does not say who you are"));
    }
  }

  #enqueue(caller: Caller, message: Incoming): void {
    if (this.#queue.idle) return this.#dispatcher.serve(caller, message);
    if (!this.#queue.add(caller.uid, message.body.length, { caller, message: keep(message) }))
      this.#refuseMore(message);
  }

  #refuseMore(message: Incoming): void {
    this.#dispatcher.refuse(message, refuse(LIMITS_EXCEEDED, "too many calls at once"));
  }
}

/** In memory of its own. */
function keep(message: Incoming): Incoming {
  return { ...message, body: Buffer.from(message.body) };
}
