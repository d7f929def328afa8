/** Answers to calls, as messages. */

import type { Body } from "./body.ts";
import type { Incoming } from "./connection.ts";
import { ERROR, type Header, METHOD_RETURN, NO_REPLY_EXPECTED, type Outgoing } from "./header.ts";
import { asText } from "./names.ts";
import type { DBusError } from "./values.ts";

export interface Outlet {
  /** Sends, and closes the descriptors in any case. Throws TypeError and TooLong, for a body that cannot be sent. */
  send(header: Outgoing, body: Body, fds: readonly number[]): void;
  close(fds: readonly number[]): void;
}

/** What errors repeat of a message may be as long as a message. */
const TEXT_MAX = 512;

export interface Return {
  readonly signature: string;
  readonly body: Body;
  readonly fds: readonly number[];
}

export function sendReturn(outlet: Outlet, { header }: Incoming, answer: Return): void {
  if (!wantsAnswer(header)) return outlet.close(answer.fds);
  const { signature, body, fds } = answer;
  outlet.send({ type: METHOD_RETURN, signature, ...addressed(header) }, body, fds);
}

export function sendError(outlet: Outlet, { header }: Incoming, error: DBusError): void {
  if (!wantsAnswer(header)) return;
  const text = asText(asText(error.text).slice(0, TEXT_MAX));
  outlet.send({ type: ERROR, signature: "s", errorName: error.type, ...addressed(header) }, [text], []);
}

function wantsAnswer({ flags }: Header): boolean {
  return (flags & NO_REPLY_EXPECTED) === 0;
}

function addressed({ serial, sender }: Header): Pick<Outgoing, "flags" | "replySerial" | "destination"> {
  return { flags: NO_REPLY_EXPECTED, replySerial: serial, destination: sender };
}
