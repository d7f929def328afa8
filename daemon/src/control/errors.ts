/** What can be answered instead of a result. */

import type { Refusal } from "../core/effects.ts";
import { type ErrorName, INTERFACE } from "./interface.ts";

export interface Failure {
  readonly error: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export function failure(name: ErrorName, parameters: Failure["parameters"]): Failure {
  return { error: `${INTERFACE}.${name}`, parameters };
}

export function failed(message: string): Failure {
  return failure("Failed", { message });
}

const service = (name: string, parameters: Failure["parameters"]): Failure => ({
  error: `org.varlink.service.${name}`,
  parameters,
});

export const permissionDenied = service("PermissionDenied", {});
export const invalidParameter = (parameter: string): Failure => service("InvalidParameter", { parameter });
export const methodNotFound = (method: string): Failure => service("MethodNotFound", { method });
export const methodNotImplemented = (method: string): Failure => service("MethodNotImplemented", { method });
export const interfaceNotFound = (name: string): Failure => service("InterfaceNotFound", { interface: name });

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
