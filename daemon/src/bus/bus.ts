/** The system bus as the rooms above see it: they serve a tree of objects, emit signals and call others. */

import type { Kernel } from "../kernel/kernel.ts";
import type { LogPort } from "../loop/ports.ts";
import type { Caller } from "./call.ts";
import type { Interface, Tree } from "./table.ts";
import type { Message, Value } from "./values.ts";

export interface BusOptions {
  readonly kernel: Pick<Kernel, "connect" | "closeFd">;
  /** Path of the socket; the environment is never asked. */
  readonly path: string;
  /** Well-known name to own once the objects may be asked for. */
  readonly name: string;
  readonly tree: Tree;
  readonly log: LogPort;
  /** A connection to the bus stands; the name is requested next. Callers of an earlier one are gone. */
  connected?(): void;
  /** The connection is lost, after every caller's whenGone() has been told. */
  lost?(): void;
}

export interface CallOptions {
  /** Signature that the answer must have. */
  readonly reply: string;
  /** 25 s if not given. */
  readonly timeoutMs?: number;
}

export interface Bus {
  /** Connects now and after every loss, for ever. */
  start(): void;
  /** Everything is loaded: requests the name, now and on every later connection. */
  ready(): void;
  /** Leaves the bus and does not come back. */
  stop(): void;
  /** Which run of the bus this is: unique names mean something only together with it. null without a bus. */
  readonly guid: string | null;
  /** Bytes that the bus has not taken yet. */
  readonly queued: number;

  /** To everybody. Without a bus nothing happens. Sent in the order of the calls, with answers and the rest. */
  emit(path: string, table: Interface<never>, signal: string, body: readonly Value[]): void;
  /** To one connection. The descriptors are closed here in any case. */
  tell(signal: UnicastSignal): void;
  /**
   * PropertiesChanged for these of the object's properties: with the value for "true", only the name for
   * "invalidates", none for "const" and "false". One signal for all of them, no signal for none.
   */
  changed<T>(path: string, table: Interface<T>, target: T, properties: Iterable<string>): void;

  /**
   * Calls a method. Rejects with a DBusError: what was answered, NoReply after the deadline, Disconnected,
   * LimitsExceeded beyond 1024 calls at once, InvalidSignature of an answer. A well-known name is resolved (and its
   * service started) first, and only that connection's answer counts.
   */
  call(message: Message, options: CallOptions): Promise<readonly Value[]>;
  /** Who has this unique name now; null if nobody, or nobody can say. */
  lookUp(name: string): Promise<Caller | null>;
}

export interface UnicastSignal {
  readonly to: string;
  readonly path: string;
  readonly table: Interface<never>;
  readonly signal: string;
  readonly body: readonly Value[];
  readonly fds?: readonly number[];
}
