/** What goes over the bus, in JavaScript. */

import type { Variant } from "dbus-next/lib/variant.js";

export { DBusError } from "dbus-next/lib/errors.js";
export { Message } from "dbus-next/lib/message-type.js";
export { Variant } from "dbus-next/lib/variant.js";

/**
 * y n q i u d: number; x t: bigint; b: boolean; s o g: string; h: number, the index among the message's descriptors;
 * v: Variant; ay: Uint8Array; other arrays and structs: array; dictionaries: Map, written from an array of pairs too.
 */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | Variant
  | readonly Value[]
  | ReadonlyMap<Value, Value>;
