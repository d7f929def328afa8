/**
 * From a method call to its handler. What a sender may get wrong is checked before its body is read: path, interface,
 * member, signature.
 */

import { sendError } from "./answers.ts";
import type { Caller } from "./call.ts";
import { readBody } from "./codec.ts";
import { bodyReader, type Incoming } from "./connection.ts";
import { INVALID_ARGS, LIMITS_EXCEEDED, refuse, TIMEOUT, UNKNOWN_METHOD, UNKNOWN_OBJECT } from "./errors.ts";
import { OpenCalls } from "./open-calls.ts";
import { BadBytes } from "./reader.ts";
import { explain, Serving, type Surroundings } from "./serving.ts";
import { type Node, PEER, STANDARD } from "./standard.ts";
import { type Interface, LATER, type Method } from "./table.ts";
import type { DBusError, Value } from "./values.ts";

/** Longer than anything that a handler waits for. */
const OPEN_MS = 180_000;
const SHOWN_MAX = 100;

interface Wanted {
  readonly interface: string;
  readonly member: string;
}

interface Row {
  readonly of: string;
  readonly method: Method<unknown>;
  readonly target: unknown;
}

export class Dispatcher {
  readonly #around: Surroundings;
  readonly #open = new OpenCalls();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Owns the message's descriptors. Never throws. */
  serve(caller: Caller, message: Incoming): void {
    let call: Serving | null = null;
    try {
      const row = this.#find(caller, message);
      call = new Serving(this.#around, caller, message, {
        interface: row.of,
        out: row.method.out,
        args: readArguments(row, message),
      });
      this.#handle(row, call);
    } catch (error) {
      if (call !== null) call.failWith(error);
      else this.refuse(message, explain(this.#around, caller, message.header.member, error));
    }
  }

  /** Owns the message's descriptors. */
  refuse(message: Incoming, error: DBusError): void {
    message.fds.close();
    sendError(this.#around.outlet, message, error);
  }

  #find(caller: Caller, message: Incoming): Row {
    const { header } = message;
    if (message.oversized) throw refuse(LIMITS_EXCEEDED, "the message is too long");
    if (message.fdsLost) throw refuse(LIMITS_EXCEEDED, "too many descriptors are open here");
    const peer = header.interface === PEER;
    const object = peer ? null : this.#around.tree.object(header.path, caller);
    const children = () => this.#around.tree.children(header.path, caller);
    if (object === null && !peer && children().length === 0)
      throw refuse(UNKNOWN_OBJECT, `there is no object ${shown(header.path)}`);
    const row = findRow(header, { object, children });
    if (row === null)
      throw refuse(UNKNOWN_METHOD, `there is no method ${shown(header.interface)}.${shown(header.member)}`);
    return row;
  }

  #handle({ method, target }: Row, call: Serving): void {
    const { uid } = call.caller;
    if (this.#open.full(uid)) throw refuse(LIMITS_EXCEEDED, "too many calls wait for their answers");
    const result = method.handler(target, call);
    if (result !== LATER && !(result instanceof Promise)) return call.reply(result);
    if (call.answered) return;
    this.#open.enter(uid);
    const timer = setTimeout(() => call.fail(refuse(TIMEOUT, "it took too long")), OPEN_MS).unref();
    const forget = call.caller.whenGone(() => call.abandon());
    call.whenAnswered(() => {
      clearTimeout(timer);
      forget();
      this.#open.leave(uid);
    });
    if (result === LATER) return;
    result.then(
      (answer) => answer === LATER || call.reply(answer),
      (error) => call.failWith(error),
    );
  }
}

function shown(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}

/** Without an interface, which is legal, a method is meant that only one interface has. */
function findRow(wanted: Wanted, node: Node): Row | null {
  const rows: Row[] = [];
  const look = (each: Interface<never>, target: unknown) => {
    if (wanted.interface !== "" && wanted.interface !== each.name) return;
    const method = each.methods.get(wanted.member);
    if (method !== undefined) rows.push({ of: each.name, method: method as Method<unknown>, target });
  };
  for (const each of node.object?.interfaces ?? []) look(each, node.object?.target);
  for (const each of STANDARD) look(each, node);
  return rows.length === 1 ? (rows[0] as Row) : null;
}

function readArguments({ of, method }: Row, message: Incoming): Value[] {
  const { header, fds } = message;
  const name = `${of}.${method.name}`;
  if (header.signature !== method.in)
    throw refuse(INVALID_ARGS, `${name} takes "${method.in}", not "${shown(header.signature)}"`);
  if (fds.length > 0 && !method.in.includes("h")) throw refuse(INVALID_ARGS, `${name} takes no descriptors`);
  try {
    return readBody(bodyReader(message), method.in);
  } catch (error) {
    if (error instanceof BadBytes) throw refuse(INVALID_ARGS, `${name}: ${error.message}`);
    throw error;
  }
}
