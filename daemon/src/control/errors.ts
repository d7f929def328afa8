/** What can be answered instead of a result. */

import type { Refusal } from "../core/effects.ts";
import { type Failure, permissionDenied } from "../varlink/errors.ts";
import { type ErrorName, INTERFACE } from "./interface.ts";

export function failure(name: ErrorName, parameters: Failure["parameters"]): Failure {
  return { error: `${INTERFACE}.${name}`, parameters };
}

export function failed(message: string): Failure {
  return failure("Failed", { message });
}

/** What the refused call was about. */
export interface Subject {
  readonly id: string;
  readonly uid: number;
  readonly seat?: string;
}

/** The others have no name of their own here: the sentence says what it is. */
const refusals: Readonly<Partial<Record<Refusal, (subject: Subject, message: string) => Failure>>> = {
  "no-such-session": ({ id }) => failure("NoSuchSession", { id }),
  "no-such-user": ({ uid }) => failure("NoSuchUser", { uid }),
  "no-such-seat": ({ seat }) => failure("NoSuchSeat", { seat: seat ?? "" }),
  "not-allowed": () => permissionDenied,
  limits: (_subject, message) => failure("LimitsExceeded", { message }),
};

export function refused(refusal: Refusal, subject: Subject, message: string): Failure {
  return refusals[refusal]?.(subject, message) ?? failed(message);
}
