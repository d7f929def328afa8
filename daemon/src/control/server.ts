/** Serves org.sessionman.Login: the interface over Varlink, its methods behind it, and news for those who monitor. */

import type { Event } from "../core/events.ts";
import type { Instant, World } from "../core/model.ts";
import type { Connection, ConnectionHandler, Kernel } from "../kernel/kernel.ts";
import type { LogPort, ReplyPort } from "../loop/ports.ts";
import type { Ask as AnyAsk } from "../varlink/ask.ts";
import { VarlinkServer } from "../varlink/server.ts";
import type { Ask } from "./ask.ts";
import { failed } from "./errors.ts";
import { INTERFACE, type Method, methods, records } from "./interface.ts";
import { interfaceText } from "./interface-text.ts";
import { Methods } from "./methods.ts";
import { notices } from "./monitor.ts";

/** Milliseconds. */
const ANSWER_DEADLINE = 30_000;

export interface ControlOptions {
  readonly kernel: Kernel;
  readonly submit: (event: Event) => void;
  readonly world: () => World;
  readonly now: () => Instant;
  readonly log: LogPort;
  readonly version: string;
}

export interface ControlServer {
  readonly replies: ReplyPort;
  /** To be told of each published World and the one before it. */
  published(before: World, after: World): void;
  accept(connection: Connection): ConnectionHandler;
}

export function createControlServer(options: ControlOptions): ControlServer {
  return new Server(options);
}

class Server implements ControlServer {
  readonly #options: ControlOptions;
  readonly #methods: Methods;
  readonly #server: VarlinkServer;
  #published: World | null = null;
  #calls = 0;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#methods = new Methods({ ...options, published: () => this.#published ?? options.world() });
    this.#server = new VarlinkServer({
      ...options,
      service: {
        interface: INTERFACE,
        text: interfaceText,
        types: records,
        methods,
        version: options.version,
      },
      handle: (ask) => this.#handle(ask),
      failed,
      socket: "the control socket",
      requester: () => {
        this.#calls += 1;
        return { room: "control", call: this.#calls };
      },
      deadline: ANSWER_DEADLINE,
      unclaimed: (id) => this.#methods.withdraw(id),
    });
  }

  get replies(): ReplyPort {
    return this.#server.replies;
  }

  published(before: World, after: World): void {
    this.#published = after;
    this.#server.notify(() => notices(before, after, this.#options.kernel));
  }

  accept(connection: Connection): ConnectionHandler {
    return this.#server.accept(connection);
  }

  /** The parameters were checked against the table that the methods' types come from. */
  #handle(ask: AnyAsk): void {
    const method = this.#methods[ask.method as Method] as (ask: Ask<Method>) => void;
    method.call(this.#methods, ask as Ask<Method>);
  }
}
