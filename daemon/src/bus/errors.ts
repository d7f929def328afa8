/** Names of errors that this room answers with, and the name of each errno. */

import { KernelError } from "../kernel/kernel.ts";
import { DBusError } from "./values.ts";

const STANDARD = "org.freedesktop.DBus.Error";

export const FAILED = `${STANDARD}.Failed`;
export const NO_REPLY = `${STANDARD}.NoReply`;
export const DISCONNECTED = `${STANDARD}.Disconnected`;
export const TIMEOUT = `${STANDARD}.Timeout`;
export const INVALID_ARGS = `${STANDARD}.InvalidArgs`;
export const INVALID_SIGNATURE = `${STANDARD}.InvalidSignature`;
export const ACCESS_DENIED = `${STANDARD}.AccessDenied`;
export const LIMITS_EXCEEDED = `${STANDARD}.LimitsExceeded`;
export const NOT_SUPPORTED = `${STANDARD}.NotSupported`;
export const UNKNOWN_METHOD = `${STANDARD}.UnknownMethod`;
export const UNKNOWN_INTERFACE = `${STANDARD}.UnknownInterface`;
export const UNKNOWN_OBJECT = `${STANDARD}.UnknownObject`;
export const UNKNOWN_PROPERTY = `${STANDARD}.UnknownProperty`;
export const PROPERTY_READ_ONLY = `${STANDARD}.PropertyReadOnly`;
export const INTERACTIVE_AUTHORIZATION_REQUIRED = `${STANDARD}.InteractiveAuthorizationRequired`;

const BY_ERRNO: ReadonlyMap<string, string> = new Map([
  ["EINVAL", INVALID_ARGS],
  ["EPERM", ACCESS_DENIED],
  ["EACCES", ACCESS_DENIED],
  ["EOPNOTSUPP", NOT_SUPPORTED],
  ["ENOTSUP", NOT_SUPPORTED],
  ["ENOBUFS", LIMITS_EXCEEDED],
  ["ENOENT", `${STANDARD}.FileNotFound`],
  ["EEXIST", `${STANDARD}.FileExists`],
  ["ENOMEM", `${STANDARD}.NoMemory`],
  ["ETIMEDOUT", TIMEOUT],
  ["EIO", `${STANDARD}.IOError`],
  ["ECONNRESET", DISCONNECTED],
  ["ESRCH", `${STANDARD}.UnixProcessIdUnknown`],
]);

/** The name that stands for an errno such as "ENODEV". */
export function errnoName(errno: string): string {
  return BY_ERRNO.get(errno) ?? (/^E[A-Z0-9]+$/.test(errno) ? `System.Error.${errno}` : FAILED);
}

export function errnoError(errno: string, text: string): DBusError {
  return new DBusError(errnoName(errno), text);
}

export function refuse(name: string, text: string): DBusError {
  return new DBusError(name, text);
}

/** What a caller may be told of something that was thrown; null if it is a bug of ours, which says nothing to callers. */
export function asBusError(thrown: unknown): DBusError | null {
  if (thrown instanceof DBusError) return thrown;
  if (thrown instanceof KernelError) return errnoError(thrown.errno, thrown.message);
  return null;
}
