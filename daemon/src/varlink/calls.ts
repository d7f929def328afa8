/** Orders that wait for the core's answer, by the number that the core was given for them. */

import type { CallResult, OpenResult } from "../core/effects.ts";
import type { Event } from "../core/events.ts";
import type { Requester } from "../core/model.ts";
import type { ReplyPort } from "../loop/ports.ts";
import type { Answered } from "./ask.ts";

interface Waiting {
  readonly owner: object;
  readonly answered: Answered;
  readonly expired: () => void;
  readonly since: number;
}

export interface CallsOptions {
  readonly submit: (event: Event) => void;
  readonly milliseconds: () => number;
  /** Another one for each order. */
  readonly requester: () => Requester;
  /** Milliseconds after which nobody waits any longer. */
  readonly deadline: number;
  /** A session was opened that nobody waits for any more. */
  readonly unclaimed: (id: string) => void;
}

export class Calls implements ReplyPort {
  readonly #options: CallsOptions;
  readonly #waiting = new Map<number, Waiting>();

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  awaits(call: number): boolean {
    return this.#waiting.has(call);
  }

  /** The answer may come before this returns. */
  order(owner: object, make: (requester: Requester) => Event, answered: Answered, expired: () => void): void {
    const requester = this.#options.requester();
    this.#waiting.set(requester.call, { owner, answered, expired, since: this.#options.milliseconds() });
    this.#options.submit(make(requester));
  }

  forget(owner: object): void {
    for (const [call, waiting] of this.#waiting) {
      if (waiting.owner === owner) this.#waiting.delete(call);
    }
  }

  expire(): void {
    const now = this.#options.milliseconds();
    for (const [call, waiting] of this.#waiting) {
      if (now - waiting.since < this.#options.deadline) continue;
      this.#waiting.delete(call);
      waiting.expired();
    }
  }

  openReply(call: number, result: OpenResult): void {
    const waiting = this.#take(call);
    if (waiting !== undefined) waiting.answered.open?.(result);
    else if (result.outcome === "opened") this.#options.unclaimed(result.session.id);
  }

  callReply(call: number, result: CallResult): void {
    this.#take(call)?.answered.call?.(result);
  }

  #take(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    return waiting;
  }
}
