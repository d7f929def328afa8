/** Requests of clients that wait for the core's answer, by the numbers that the core was given for them. */

import type { CallResult } from "../core/effects.ts";
import type { Event } from "../core/events.ts";
import type { Requester } from "../core/model.ts";
import type { TakeResult } from "../core/seat-effects.ts";
import type { ReplyPort } from "../loop/ports.ts";
import type { SeatdPort } from "../loop/seat-ports.ts";
import type { Client } from "./client.ts";

type Make = (requester: Requester) => Event;

interface Waiting {
  readonly client: Client;
  readonly called: ((result: CallResult) => void) | null;
  readonly taken: ((result: TakeResult) => void) | null;
}

export class Calls implements ReplyPort, Pick<SeatdPort, "takeReply"> {
  readonly #submit: (event: Event) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(submit: (event: Event) => void) {
    this.#submit = submit;
  }

  /** The answer may come before this returns, as in take(). */
  ask(client: Client, make: Make, called: (result: CallResult) => void): void {
    this.#order(make, { client, called, taken: null });
  }

  take(client: Client, make: Make, taken: (result: TakeResult) => void): void {
    this.#order(make, { client, called: null, taken });
  }

  /** Nobody waits for its answers any more. */
  forget(client: Client): void {
    for (const [call, waiting] of this.#waiting) if (waiting.client === client) this.#waiting.delete(call);
  }

  openReply(): void {}

  callReply(call: number, result: CallResult): void {
    this.#finish(call)?.called?.(result);
  }

  takeReply(call: number, result: TakeResult): void {
    this.#finish(call)?.taken?.(result);
  }

  #order(make: Make, waiting: Waiting): void {
    this.#last += 1;
    this.#waiting.set(this.#last, waiting);
    this.#submit(make({ room: "seatd", call: this.#last }));
  }

  #finish(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    return waiting;
  }
}
