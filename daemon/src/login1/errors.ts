/** Names of errors, and what the core's refusals are called on the bus. */

import {
  ACCESS_DENIED,
  errnoError,
  errnoName,
  FAILED,
  INVALID_ARGS,
  LIMITS_EXCEEDED,
  NOT_SUPPORTED,
  refuse,
} from "../bus/errors.ts";
import type { DBusError } from "../bus/values.ts";
import type { Refusal } from "../core/effects.ts";
import type { TakeResult } from "../core/seat-effects.ts";

const login1 = (name: string) => (text: string) => refuse(`org.freedesktop.login1.${name}`, text);
const standard = (name: string) => (text: string) => refuse(name, text);

export const noSuchSession = login1("NoSuchSession");
export const noSessionForPid = login1("NoSessionForPID");
export const noSuchUser = login1("NoSuchUser");
export const noUserForPid = login1("NoUserForPID");
export const noSuchSeat = login1("NoSuchSeat");
export const sessionNotOnSeat = login1("SessionNotOnSeat");
export const notInControl = login1("NotInControl");
export const sessionBusy = login1("SessionBusy");
export const sleepVerbNotSupported = login1("SleepVerbNotSupported");
export const notYourDevice = login1("NotYourDevice");
export const accessDenied = standard(ACCESS_DENIED);
export const invalidArgs = standard(INVALID_ARGS);
export const notSupported = standard(NOT_SUPPORTED);
export const noSuchAccount = standard(errnoName("ESRCH"));

const REFUSALS: Readonly<Record<Refusal, string>> = {
  "no-such-session": "org.freedesktop.login1.NoSuchSession",
  "no-such-user": "org.freedesktop.login1.NoSuchUser",
  "no-such-seat": "org.freedesktop.login1.NoSuchSeat",
  "not-on-seat": "org.freedesktop.login1.SessionNotOnSeat",
  "device-taken": "org.freedesktop.login1.DeviceIsTaken",
  "device-not-taken": "org.freedesktop.login1.DeviceNotTaken",
  "no-such-device": errnoName("ENODEV"),
  busy: "org.freedesktop.login1.SessionBusy",
  "not-controller": "org.freedesktop.login1.NotInControl",
  "control-taken": errnoName("EBUSY"),
  "not-allowed": ACCESS_DENIED,
  "not-supported": NOT_SUPPORTED,
  invalid: INVALID_ARGS,
  limits: LIMITS_EXCEEDED,
  failed: FAILED,
};

export function refused({
  refusal,
  message,
}: {
  readonly refusal: Refusal;
  readonly message: string;
}): DBusError {
  return refuse(REFUSALS[refusal], message);
}

/** Where the system refused, its own word says why. */
export function notTaken(result: Extract<TakeResult, { readonly ok: false }>): DBusError {
  return result.errno === undefined ? refused(result) : errnoError(result.errno, result.message);
}
