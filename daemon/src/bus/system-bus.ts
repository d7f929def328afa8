/** The bus for the rest of the daemon: there again after every loss, and nobody need know when it is not. */

import { KernelError } from "../kernel/kernel.ts";
import { LogLimit } from "../loop/log-limit.ts";
import type { Body } from "./body.ts";
import type { Bus, BusOptions, CallOptions, UnicastSignal } from "./bus.ts";
import type { Caller } from "./call.ts";
import { DISCONNECTED, refuse } from "./errors.ts";
import { NO_REPLY_EXPECTED, type Outgoing, SIGNAL } from "./header.ts";
import { Link } from "./link.ts";
import { isObjectPath } from "./names.ts";
import { PROPERTIES, writeProperties } from "./standard.ts";
import type { Interface, KnownProperty } from "./table.ts";
import type { Message, Value } from "./values.ts";

const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;
/** A connection that lasted so long was a good one: the next loss is a new story. */
const GOOD_MS = 5_000;
/** How often a name is asked for that somebody else has. */
const NAME_MS = 5_000;

class SystemBus implements Bus {
  readonly #options: BusOptions;
  readonly #limit: LogLimit;
  #link: Link | null = null;
  #guid: string | null = null;
  /** Which was looked at last: signals come in rows. */
  #lastPath = "";
  #ready = false;
  #stopped = false;
  #retryMs = RETRY_FIRST_MS;
  #upSince = 0;
  #retry: NodeJS.Timeout | undefined;
  /** What was last said, so that it is said once. */
  #said = "";

  constructor(options: BusOptions) {
    this.#options = options;
    this.#limit = new LogLimit(options.log, () => performance.now());
  }

  get guid(): string | null {
    return this.#guid;
  }

  get queued(): number {
    return this.#link?.queued ?? 0;
  }

  start(): void {
    this.#stopped = false;
    this.#connect();
  }

  ready(): void {
    this.#ready = true;
    if (this.#guid !== null && this.#link !== null) this.#own(this.#link);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#guid = null;
    this.#link?.close();
    this.#link = null;
  }

  emit(path: string, table: Interface<never>, signal: string, body: readonly Value[]): void {
    this.#signal({ to: "", path, table, signal, body });
  }

  tell(signal: UnicastSignal): void {
    this.#signal(signal);
  }

  changed<T>(path: string, table: Interface<T>, target: T, names: Iterable<string>): void {
    const carried: KnownProperty<T>[] = [];
    const invalidated: string[] = [];
    for (const name of names) {
      const property = table.properties.get(name);
      if (property === undefined) return this.#bug(0, `${table.name} has no property ${name}`, null);
      if (property.emits === "true") carried.push(property);
      else if (property.emits === "invalidates") invalidated.push(name);
    }
    if (carried.length + invalidated.length === 0) return;
    this.#sendSignal(
      path,
      { interface: PROPERTIES, member: "PropertiesChanged", signature: "sa{sv}as" },
      (writer) => {
        writer.string(table.name);
        writer.array(8, () => writeProperties(writer, target, carried));
        writer.array(4, () => {
          for (const name of invalidated) writer.string(name);
        });
      },
    );
  }

  async call(message: Message, options: CallOptions): Promise<readonly Value[]> {
    if (this.#link === null) throw refuse(DISCONNECTED, "there is no bus");
    return this.#link.call(message, options);
  }

  async lookUp(name: string): Promise<Caller | null> {
    return this.#link?.lookUp(name) ?? null;
  }
  #connect(): void {
    if (this.#stopped || this.#link !== null) return;
    try {
      const link = new Link(this.#options, (caller, what, error) => this.#bug(caller.uid, what, error), {
        up: (guid) => this.#up(link, guid),
        down: (reason) => this.#down(reason),
      });
      this.#link = link;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#down(error.message);
    }
  }

  #up(link: Link, guid: string): void {
    this.#guid = guid;
    this.#upSince = performance.now();
    this.#said = "";
    this.#options.log.info("connected to the system bus");
    this.#options.connected?.();
    if (this.#ready) this.#own(link);
  }

  #down(reason: string): void {
    const wasUp = this.#guid !== null;
    this.#link = null;
    this.#guid = null;
    if (wasUp && performance.now() - this.#upSince >= GOOD_MS) this.#retryMs = RETRY_FIRST_MS;
    this.#say(`no system bus, which is tried again and again: ${reason}`);
    if (!this.#stopped) this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
    if (wasUp) this.#options.lost?.();
  }

  async #own(link: Link): Promise<void> {
    const { name, log } = this.#options;
    let problem = "another program has it";
    try {
      if (await link.own(name)) return log.info(`owns ${name}`);
    } catch (error) {
      problem = String(error);
    }
    if (link !== this.#link) return;
    this.#say(`cannot own ${name}, which is tried again and again: ${problem}`);
    setTimeout(() => link === this.#link && this.#own(link), NAME_MS).unref();
  }

  #say(what: string): void {
    if (what !== this.#said) this.#options.log.warn(what);
    this.#said = what;
  }

  #signal({ to, path, table, signal, body, fds = [] }: UnicastSignal): void {
    const row = table.signals.get(signal);
    if (row === undefined) {
      this.#closeAll(fds);
      return this.#bug(0, `${table.name} has no signal ${signal}`, null);
    }
    const head = { interface: table.name, member: signal, signature: row.signature, destination: to };
    this.#sendSignal(path, head, body, fds);
  }

  /** A signal that cannot be sent is a bug of ours, and no reason to stop. */
  #sendSignal(path: string, head: Omit<Outgoing, "type">, body: Body, fds: readonly number[] = []): void {
    if (this.#guid === null || this.#link === null) return this.#closeAll(fds);
    try {
      if (path !== this.#lastPath && !isObjectPath(path)) {
        this.#closeAll(fds);
        throw new TypeError(`${path} is not an object path`);
      }
      this.#lastPath = path;
      this.#link.send({ type: SIGNAL, flags: NO_REPLY_EXPECTED, path, ...head }, body, fds);
    } catch (error) {
      this.#bug(0, `${head.interface}.${head.member}`, error);
    }
  }

  #closeAll(fds: readonly number[]): void {
    for (const fd of fds) this.#options.kernel.closeFd(fd);
  }

  #bug(uid: number, what: string, error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error ?? "");
    this.#limit.warn(uid, `bug: ${what}: ${detail}`);
  }
}

export function createBus(options: BusOptions): Bus {
  return new SystemBus(options);
}
