/** Requests that wait for the core's answer, by the number that the core was given for them. */

import type { Answer, Call } from "../bus/call.ts";
import { asBusError, FAILED, refuse } from "../bus/errors.ts";
import { LATER } from "../bus/table.ts";
import type { CallResult, InhibitResult, OpenResult } from "../core/effects.ts";
import type { Event } from "../core/events.ts";
import type { Requester, SessionId } from "../core/model.ts";
import type { TakeResult } from "../core/seat-effects.ts";
import type { LogPort, ReplyPort } from "../loop/ports.ts";
import { notTaken, refused } from "./errors.ts";

type Taken = Extract<TakeResult, { readonly ok: true }>;

/** What becomes of a device that was taken, and what if nobody is there any more to have it. */
interface Taking {
  taken(device: Taken): Answer;
  lost(device: Taken): void;
}

interface Waiting {
  readonly call: Call;
  readonly taking?: Taking;
  readonly opened?: (result: OpenResult) => Answer;
  readonly inhibited?: (id: number) => Answer;
}

export interface OrdersOptions {
  readonly submit: (event: Event) => void;
  readonly log: LogPort;
  /** Another one for each order. */
  readonly requester: () => Requester;
  /** A session was opened for a caller that is not there any more. */
  readonly unclaimed: (id: SessionId) => void;
}

type Make = (requester: Requester) => Event;

export class Orders implements ReplyPort {
  readonly #options: OrdersOptions;
  readonly #waiting = new Map<number, Waiting>();

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  /** The caller gets an empty answer, or the core's refusal. */
  order(call: Call, make: Make): typeof LATER {
    return this.#submit({ call }, make);
  }

  /** What opened() gives is answered; what it throws as well. */
  open(call: Call, make: Make, opened: (result: OpenResult) => Answer): typeof LATER {
    return this.#submit({ call, opened }, make);
  }

  inhibit(call: Call, make: Make, inhibited: (id: number) => Answer): typeof LATER {
    return this.#submit({ call, inhibited }, make);
  }

  take(call: Call, make: Make, taking: Taking): typeof LATER {
    return this.#submit({ call, taking }, make);
  }

  /** What nobody waits for. */
  submit(make: Make): void {
    this.#options.submit(make({ room: "login1", call: 0 }));
  }

  /** Goes on with a call after something was waited for: what is thrown is answered. */
  resume(call: Call, rest: () => typeof LATER): void {
    if (call.caller.gone || call.answered) return;
    try {
      rest();
    } catch (error) {
      this.#fail(call, error);
    }
  }

  openReply(number: number, result: OpenResult): void {
    const waiting = this.#take(number);
    const wanted = waiting !== undefined && !waiting.call.caller.gone && !waiting.call.answered;
    const given = wanted && this.#answer(waiting.call, () => waiting.opened?.(result));
    if (!given && result.outcome === "opened") this.#options.unclaimed(result.session.id);
  }

  callReply(number: number, result: CallResult): void {
    const waiting = this.#take(number);
    if (waiting === undefined) return;
    this.#answer(waiting.call, () => {
      if (!result.ok) throw refused(result);
      return [];
    });
  }

  /** Nobody has the lock whose descriptor is not passed on: it ends by itself. */
  inhibitReply(number: number, result: InhibitResult): void {
    const waiting = this.#take(number);
    if (waiting === undefined || waiting.call.caller.gone) return;
    this.#answer(waiting.call, () => {
      if (!result.ok) throw refused(result);
      return waiting.inhibited?.(result.id);
    });
  }

  takeReply(number: number, result: TakeResult): void {
    const waiting = this.#take(number);
    if (waiting === undefined) return;
    const { call, taking } = waiting;
    if (!result.ok) return call.fail(notTaken(result));
    const given = !call.caller.gone && !call.answered && this.#answer(call, () => taking?.taken(result));
    if (!given) taking?.lost(result);
  }

  #submit(waiting: Waiting, make: Make): typeof LATER {
    const requester = this.#options.requester();
    this.#waiting.set(requester.call, waiting);
    this.#options.submit(make(requester));
    return LATER;
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    return waiting;
  }

  /** Whether the caller got what they asked for. */
  #answer(call: Call, make: () => Answer): boolean {
    try {
      call.reply(make());
      return true;
    } catch (error) {
      this.#fail(call, error);
      return false;
    }
  }

  #fail(call: Call, error: unknown): void {
    const told = asBusError(error);
    if (told === null) {
      const stack = error instanceof Error ? error.stack : String(error);
      this.#options.log.error(`bug: ${call.interface}.${call.member}`, { stack });
    }
    call.fail(told ?? refuse(FAILED, `${call.member}: an error of the daemon, see its log`));
  }
}
