/** A call of one of this interface's methods. */

import type { CallResult } from "../core/effects.ts";
import type { Ask as AnyAsk } from "../varlink/ask.ts";
import { refused, type Subject } from "./errors.ts";
import type { Method, Parameters, Reply } from "./interface.ts";

export type Ask<Name extends Method> = AnyAsk<Parameters<Name>, Reply<Name>>;

/** Hands on how an order went that gives nothing but that. */
export function settle<Name extends Method>(
  ask: Ask<Name>,
  result: CallResult,
  subject: Subject,
  reply: Reply<Name>,
): void {
  if (result.ok) ask.reply(reply);
  else ask.refuse(refused(result.refusal, subject, result.message));
}
