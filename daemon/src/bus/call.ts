/** One method call, as its handler sees it. */

import type { Uid } from "../core/model.ts";
import type { Body } from "./body.ts";
import type { BusObject } from "./table.ts";
import type { DBusError, Value } from "./values.ts";

/** A connection to the bus: one object for each, for as long as it is there. */
export interface Caller {
  /** Unique name such as ":1.42", never given again by the same bus. */
  readonly name: string;
  /** What the bus says: as it was when the caller connected to it. */
  readonly uid: Uid;
  /** The same; the number may belong to another process by now. null where the bus does not know. */
  readonly pid: number | null;
  /** It has left the bus, or the bus is lost. To be asked again after every await. */
  readonly gone: boolean;
  /** Calls back once, when it leaves; soon, if it has left. Returns what stops that. */
  whenGone(left: () => void): () => void;
}

/** The body of an answer; its descriptors are closed once it is sent, or cannot be. */
export interface BodyWithFds {
  readonly body: Body;
  /** An `h` of the body is an index into these. */
  readonly fds: readonly number[];
}

/** One value for each complete type of the signature; nothing for "". */
export type Answer = Body | BodyWithFds | undefined;

export interface Call {
  readonly caller: Caller;
  /** As called: it may be an alias of the object's own. */
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** The caller allows a question to its user. */
  readonly interactive: boolean;
  readonly args: readonly Value[];
  /** The descriptor that an `h` of the arguments stands for; it is closed when the call is answered or its caller gone. */
  fd(index: Value): number;
  /** The same; from now on it is the handler's to close. */
  takeFd(index: Value): number;
  /** The object at the path now, looked up again: after an await it may be gone, or another. */
  object(): BusObject | null;
  /** For handlers that return LATER. The first answer is sent, in order with everything sent before and after. */
  reply(answer: Answer): void;
  fail(error: DBusError): void;
  /** Or nobody waits for the answer any more, because the caller is gone. */
  readonly answered: boolean;
}
