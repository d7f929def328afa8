/** Refusals and failures as the numbers that clients of seatd know. */

import { constants } from "node:os";
import type { Refusal } from "../core/effects.ts";
import type { TakeResult } from "../core/seat-effects.ts";

const { errno } = constants;

const REFUSALS: Readonly<Record<Refusal, number>> = {
  "no-such-session": errno.EPERM,
  "no-such-user": errno.EPERM,
  "no-such-seat": errno.EPERM,
  "not-allowed": errno.EPERM,
  "not-supported": errno.EPERM,
  "not-controller": errno.EPERM,
  "control-taken": errno.EBUSY,
  busy: errno.EBUSY,
  "not-on-seat": errno.EPERM,
  "device-taken": errno.EBUSY,
  "device-not-taken": errno.EBADF,
  "no-such-device": errno.ENOENT,
  limits: errno.EMFILE,
  invalid: errno.EINVAL,
  failed: errno.EIO,
};

export const { EPERM, ENOENT, EBADF, EINVAL, EIO } = errno;

/** Of a symbolic name. */
export function errnoNamed(name: string): number {
  const known: Readonly<Record<string, number>> = errno;
  return known[name] ?? EIO;
}

export function errnoOf(result: TakeResult & { readonly ok: false }): number {
  return result.errno === undefined ? refusalErrno(result.refusal) : errnoNamed(result.errno);
}

export function refusalErrno(refusal: Refusal): number {
  return REFUSALS[refusal];
}
