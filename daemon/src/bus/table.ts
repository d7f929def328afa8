/**
 * Objects as tables: an interface is data, and what calls, properties and introspection do follows from its rows.
 * T is what the functions of the rows get: a session, a seat, whatever the object stands for.
 */

import type { Codec } from "./basic.ts";
import type { Answer, Call, Caller } from "./call.ts";
import type { Value } from "./values.ts";

export interface Method<T> {
  readonly name: string;
  /** Signatures of what comes in and goes out. A call with another signature never gets here. */
  readonly in: string;
  readonly out: string;
  /** Names of the arguments, those of `in` first. */
  readonly args: readonly string[];
  /**
   * Returns the answer or a promise of it, or LATER and calls call.reply() or call.fail() some time. Throws or rejects
   * with a DBusError; a KernelError becomes the name of its errno; any other error is logged and told as "Failed".
   * A call that is open for three minutes fails, and so does one of too many that are open.
   */
  handler(target: T, call: Call): Answer | typeof LATER | Promise<Answer | typeof LATER>;
  /** Served and not shown by introspection. */
  readonly hidden?: boolean;
  readonly deprecated?: boolean;
}

/** What a handler returns that answers by itself. */
export const LATER: unique symbol = Symbol("answers later");

export interface Property<T> {
  readonly name: string;
  readonly signature: string;
  /** EmitsChangedSignal. */
  readonly emits: "const" | "true" | "false" | "invalidates";
  readonly hidden?: boolean;
  get(target: T): Value;
  /** Without it the property is read-only. The value has the property's signature. Fails like a method's handler. */
  set?(target: T, value: Value, call: Call): void | Promise<void>;
}

export interface Signal {
  readonly name: string;
  readonly signature: string;
  readonly args: readonly string[];
}

export interface InterfaceRows<T> {
  readonly name: string;
  readonly methods?: readonly Method<T>[];
  readonly properties?: readonly Property<T>[];
  readonly signals?: readonly Signal[];
}

/** Rows that were checked, found by name, with what is the same at each use: made by defineInterface() only. */
export interface Interface<T> {
  readonly name: string;
  readonly methods: ReadonlyMap<string, Method<T>>;
  readonly properties: ReadonlyMap<string, KnownProperty<T>>;
  readonly signals: ReadonlyMap<string, Signal>;
  /** Its element of the introspection document. */
  readonly xml: string;
}

export interface KnownProperty<T> extends Property<T> {
  readonly codec: Codec;
  /** Name and signature as an entry of a{sv} begins with them. */
  readonly entry: Uint8Array;
}

export interface BusObject<T = unknown> {
  readonly target: T;
  /** Beside the standard ones, which every object has. */
  readonly interfaces: readonly Interface<T>[];
}

/** The objects, looked up anew for each call; see createTree(). */
export interface Tree {
  /** null if there is none for this caller. */
  object(path: string, caller: Caller): BusObject | null;
  /** Names of what lies directly below the path for this caller; empty for a leaf or no such path. */
  children(path: string, caller: Caller): readonly string[];
}
