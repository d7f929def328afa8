/** The files of dbus-next that are used, which its own types do not name. */

declare module "dbus-next/lib/variant.js" {
  export class Variant<T = unknown> {
    constructor(signature: string, value: T);
    signature: string;
    value: T;
  }
}

declare module "dbus-next/lib/errors.js" {
  export class DBusError extends Error {
    constructor(type: string, text: string);
    /** Name of the error, such as "org.freedesktop.DBus.Error.Failed". */
    type: string;
    text: string;
  }
}

declare module "dbus-next/lib/message-type.js" {
  export interface MessageFields {
    type?: number;
    destination?: string;
    path?: string;
    interface?: string;
    member?: string;
    signature?: string;
    body?: readonly unknown[];
    flags?: number;
  }
  /** Throws when a name is not a valid one or a field that this type needs is missing. */
  export class Message {
    constructor(fields: MessageFields);
    type: number;
    destination: string | undefined;
    path: string | undefined;
    interface: string | undefined;
    member: string | undefined;
    signature: string;
    body: readonly unknown[];
    flags: number;
  }
}
