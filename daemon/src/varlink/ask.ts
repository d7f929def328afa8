/** One call of one client, from its arrival to its answer. */

import type { CallResult, OpenResult } from "../core/effects.ts";
import type { Event } from "../core/events.ts";
import type { Requester } from "../core/model.ts";
import type { Peer } from "../kernel/kernel.ts";
import type { Failure } from "./errors.ts";

/** Takes, Gives: the parameters of the method and of its reply, as the interface's table has them. */
export interface Ask<Takes = Readonly<Record<string, unknown>>, Gives extends object = object> {
  readonly method: string;
  readonly parameters: Takes;
  readonly peer: Peer;
  /** The fd is opened if there is somebody to send it to, and closed when it is sent. */
  reply(value: Gives, openFd?: () => number): void;
  /** The same with the value as JSON text. */
  replyText(value: string): void;
  refuse(failure: Failure): void;
  /** Gives the core an event; exactly one answer follows, unless the client goes away or the deadline passes. */
  order(event: (requester: Requester) => Event, answered: Answered): void;
  /**
   * Runs what is left to do after a pause, unless the client went away meanwhile; an error in it is answered like one in
   * the method itself.
   */
  resume(rest: () => void): void;
  /** Sends a first reply, as JSON text, and, if the client asked for more, one for each later change. */
  watch(first: string): void;
}

export interface Answered {
  call?(result: CallResult): void;
  open?(result: OpenResult): void;
}
