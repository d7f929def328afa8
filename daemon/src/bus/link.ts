/** The time from one connection to the bus to its end, and everything that ends with it. */

import { Arrivals } from "./arrivals.ts";
import type { Body } from "./body.ts";
import type { BusOptions, CallOptions } from "./bus.ts";
import type { Caller } from "./call.ts";
import { Callers } from "./callers.ts";
import { readBody } from "./codec.ts";
import { bodyReader, Connection, type Incoming } from "./connection.ts";
import { Dispatcher } from "./dispatcher.ts";
import { NO_REPLY } from "./errors.ts";
import { DRIVER, ERROR, METHOD_CALL, METHOD_RETURN, type Outgoing, SIGNAL } from "./header.ts";
import { Pending } from "./pending.ts";
import { RollCall } from "./roll-call.ts";
import { DBusError, Message, type Value } from "./values.ts";

const DRIVER_PATH = "/org/freedesktop/DBus";
const NO_OWNER = `${DRIVER}.Error.NameHasNoOwner`;
const CALL_MS = 25_000;
/** Together as long as a flood may last. */
const CREDENTIALS_MS = 400;
const CREDENTIALS_ATTEMPTS = 10;
const GREETING_MS = 10_000;
const LEAVING = `type='signal',sender='${DRIVER}',interface='${DRIVER}',member='NameOwnerChanged',arg2=''`;
/** RequestName: an owner is neither replaced nor waited for. */
const DO_NOT_QUEUE = 4;
const PRIMARY_OWNER = 1;
const ALREADY_OWNER = 4;

export interface LinkHandler {
  /** The bus knows us, and tells who leaves. */
  up(guid: string): void;
  /** Called once, and not after close(): its callers know, its calls have failed. */
  down(reason: string): void;
}

export class Link {
  readonly #connection: Connection;
  readonly #pending = new Pending();
  readonly #callers: Callers;
  readonly #rollCall: RollCall;
  readonly #arrivals: Arrivals;
  readonly #handler: LinkHandler;
  readonly #greetingTimer: NodeJS.Timeout;
  #open = true;

  /** Throws KernelError if nobody listens there. */
  constructor(
    options: BusOptions,
    bug: (caller: Caller, what: string, error: unknown) => void,
    handler: LinkHandler,
  ) {
    const { kernel, tree } = options;
    this.#handler = handler;
    this.#connection = new Connection(kernel, options.path, {
      opened: (guid) => void this.#introduce(guid),
      begun: (bytes, withDescriptors) => {
        this.#rollCall.came(bytes, withDescriptors);
        this.#arrivals.begin();
      },
      message: (message) => this.#route(message),
      resumed: () => this.#arrivals.resume(),
      ended: (reason) => this.#down(reason),
    });
    const outlet = {
      send: (header: Outgoing, body: Body, fds: readonly number[]) => void this.send(header, body, fds),
      close: (fds: readonly number[]) => {
        for (const fd of fds) kernel.closeFd(fd);
      },
    };
    this.#callers = new Callers((name) => this.#credentials(name));
    this.#rollCall = new RollCall(this.#callers, (name) => this.#isThere(name));
    this.#arrivals = new Arrivals(
      this.#callers,
      new Dispatcher({ outlet, tree, bug }),
      () => this.#connection.congested,
    );
    this.#greetingTimer = setTimeout(() => this.#down("the bus does not greet"), GREETING_MS).unref();
  }

  get queued(): number {
    return this.#connection.queued;
  }

  /** Returns the serial; closes the descriptors in any case. Throws TypeError, TooLong. */
  send(header: Outgoing, body: Body, fds: readonly number[] = []): number {
    return this.#connection.send(header, body, fds);
  }

  lookUp(name: string): Promise<Caller | null> {
    return this.#callers.lookUp(name);
  }

  async call(message: Message, { reply, timeoutMs = CALL_MS }: CallOptions): Promise<readonly Value[]> {
    const end = performance.now() + timeoutMs;
    const destination = await this.#ownerOf(message.destination ?? "", timeoutMs);
    return this.#call(message, destination, { reply, timeoutMs: Math.max(0, end - performance.now()) });
  }

  /** Whether the name is ours now. */
  async own(name: string): Promise<boolean> {
    const [result] = await this.#askDriver("RequestName", "su", [name, DO_NOT_QUEUE], "u");
    return result === PRIMARY_OWNER || result === ALREADY_OWNER;
  }

  /** Ends it without a word to the handler; its callers are told, its calls fail. Idempotent. */
  close(): void {
    this.#open = false;
    clearTimeout(this.#greetingTimer);
    this.#connection.close();
    this.#rollCall.lost();
    this.#pending.lost();
    this.#arrivals.lost();
    this.#callers.lost();
  }

  #down(reason: string): void {
    if (!this.#open) return;
    this.close();
    this.#handler.down(reason);
  }

  async #introduce(guid: string): Promise<void> {
    try {
      const hello = this.#askDriver("Hello", "", [], "s");
      const leaving = this.#askDriver("AddMatch", "s", [LEAVING], "");
      await Promise.all([hello, leaving]);
      clearTimeout(this.#greetingTimer);
      if (this.#open) this.#handler.up(guid);
    } catch (error) {
      this.#down(error instanceof Error ? error.message : String(error));
    }
  }

  #route(message: Incoming): void {
    const { type } = message.header;
    if (type === METHOD_CALL) return this.#arrivals.add(message);
    if (type === METHOD_RETURN || type === ERROR) this.#pending.answered(message);
    else if (type === SIGNAL) this.#listen(message);
    message.fds.close();
  }

  /** Only the bus itself is believed. */
  #listen(message: Incoming): void {
    const { sender, member, signature } = message.header;
    if (sender !== DRIVER || member !== "NameOwnerChanged" || signature !== "sss" || message.oversized)
      return;
    const [name, , owner] = readBody(bodyReader(message), signature);
    if (owner === "") this.#callers.left(String(name));
  }

  async #ownerOf(name: string, timeoutMs: number): Promise<string> {
    if (name === DRIVER || name.startsWith(":")) return name;
    const ask = async () => String((await this.#askDriver("GetNameOwner", "s", [name], "s", timeoutMs))[0]);
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof DBusError && error.type === NO_OWNER)) throw error;
      await this.#askDriver("StartServiceByName", "su", [name, 0], "u", timeoutMs);
      return ask();
    }
  }

  /** While somebody floods us the bus throws answers away: it is asked again soon, so that nobody waits for long. */
  async #credentials(name: string): Promise<readonly Value[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#askDriver("GetConnectionCredentials", "s", [name], "a{sv}", CREDENTIALS_MS);
      } catch (error) {
        const lost = error instanceof DBusError && error.type === NO_REPLY;
        if (!lost || attempt === CREDENTIALS_ATTEMPTS) throw error;
        this.#rollCall.soon();
      }
    }
  }

  async #isThere(name: string): Promise<boolean> {
    const [is] = await this.#askDriver("NameHasOwner", "s", [name], "b", CREDENTIALS_MS);
    return is === true;
  }

  #askDriver(member: string, signature: string, body: readonly Value[], reply: string, timeoutMs = CALL_MS) {
    const message = new Message({ path: DRIVER_PATH, interface: DRIVER, member, signature, body });
    return this.#call(message, DRIVER, { reply, timeoutMs });
  }

  #call(message: Message, destination: string, options: Required<CallOptions>): Promise<readonly Value[]> {
    const { path = "", interface: of = "", member = "", signature, flags } = message;
    const header = { type: METHOD_CALL, flags, path, interface: of, member, destination, signature };
    const expected = { from: destination, signature: options.reply, timeoutMs: options.timeoutMs };
    return this.#pending.wait(() => this.send(header, message.body as readonly Value[]), expected);
  }
}
