/** One method call from its handler to its answer. */

import { type Outlet, sendError, sendReturn } from "./answers.ts";
import { type Body, Prepared } from "./body.ts";
import type { Answer, Call, Caller } from "./call.ts";
import { type Incoming, TooLong } from "./connection.ts";
import { asBusError, DISCONNECTED, FAILED, LIMITS_EXCEEDED, refuse } from "./errors.ts";
import { ALLOW_INTERACTIVE_AUTHORIZATION } from "./header.ts";
import type { BusObject, Tree } from "./table.ts";
import type { DBusError, Value } from "./values.ts";

export interface Surroundings {
  readonly outlet: Outlet;
  readonly tree: Tree;
  /** Something of ours is wrong; the caller is told no more than that. */
  bug(caller: Caller, what: string, error: unknown): void;
}

/** What was found for a call: its method, and arguments that fit it. */
export interface Found {
  readonly interface: string;
  readonly out: string;
  readonly args: readonly Value[];
}

export class Serving implements Call {
  readonly caller: Caller;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly interactive: boolean;
  readonly args: readonly Value[];
  readonly #around: Surroundings;
  readonly #message: Incoming;
  readonly #out: string;
  #answered = false;
  #whenAnswered: () => void = () => {};

  constructor(around: Surroundings, caller: Caller, message: Incoming, found: Found) {
    const { header } = message;
    this.caller = caller;
    this.path = header.path;
    this.interface = found.interface;
    this.member = header.member;
    this.interactive = (header.flags & ALLOW_INTERACTIVE_AUTHORIZATION) !== 0;
    this.args = found.args;
    this.#around = around;
    this.#message = message;
    this.#out = found.out;
  }

  get answered(): boolean {
    return this.#answered;
  }

  fd(index: Value): number {
    this.#mustBeOpen();
    return this.#message.fds.at(index);
  }

  takeFd(index: Value): number {
    this.#mustBeOpen();
    return this.#message.fds.take(index);
  }

  object(): BusObject | null {
    return this.#around.tree.object(this.path, this.caller);
  }

  /** Calls back once, when it is answered. */
  whenAnswered(done: () => void): void {
    this.#whenAnswered = done;
  }

  reply(answer: Answer): void {
    const { body, fds } = split(answer);
    const { outlet } = this.#around;
    if (this.#answered) return outlet.close(fds);
    try {
      if (body instanceof Prepared && body.signature !== this.#out) {
        outlet.close(fds);
        throw new TypeError(`an answer "${body.signature}" was prepared for "${this.#out}"`);
      }
      sendReturn(outlet, this.#message, { signature: this.#out, body, fds });
      this.#end();
    } catch (error) {
      this.failWith(error instanceof TooLong ? refuse(LIMITS_EXCEEDED, error.message) : error);
    }
  }

  fail(error: DBusError): void {
    if (this.#answered) return;
    sendError(this.#around.outlet, this.#message, error);
    this.#end();
  }

  /** For anything that was thrown. */
  failWith(thrown: unknown): void {
    this.fail(explain(this.#around, this.caller, `${this.interface}.${this.member}`, thrown));
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    if (!this.#answered) this.#end();
  }

  #mustBeOpen(): void {
    if (this.#answered) throw refuse(DISCONNECTED, "the call is over, and its descriptors are closed");
  }

  #end(): void {
    this.#answered = true;
    this.#message.fds.close();
    this.#whenAnswered();
  }
}

/** What a caller is told of anything that was thrown. */
export function explain(around: Surroundings, caller: Caller, what: string, thrown: unknown): DBusError {
  const error = asBusError(thrown);
  if (error === null) around.bug(caller, what, thrown);
  return error ?? refuse(FAILED, "something went wrong here");
}

function split(answer: Answer): { readonly body: Body; readonly fds: readonly number[] } {
  if (answer === undefined) return { body: [], fds: [] };
  return "body" in answer ? answer : { body: answer, fds: [] };
}
