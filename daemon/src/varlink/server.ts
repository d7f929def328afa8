/**
 * Serves one interface to all who connect: who asks is what the kernel says of the connection, and whatever a client
 * sends can end its own connection and nothing else.
 */

import type { CallResult, OpenResult } from "../core/effects.ts";
import type { Event } from "../core/events.ts";
import type { Instant, Requester, SessionId } from "../core/model.ts";
import type { Connection, ConnectionHandler } from "../kernel/kernel.ts";
import { LogLimit } from "../loop/log-limit.ts";
import type { LogPort, ReplyPort } from "../loop/ports.ts";
import type { Ask } from "./ask.ts";
import { Calls } from "./calls.ts";
import { type Call, encode, encodeText, MESSAGE_MAX, MessageReader, readCall } from "./codec.ts";
import type { Failure } from "./errors.ts";
import { answerService, type Request, resolve, type Service } from "./service.ts";

/** What may wait for all connections of one user together. */
const QUEUE_PER_UID = 16 * 1024 * 1024;
const CALLS_WAITING_MAX = 16;
/** With more than this waiting to be read by the client, its next call waits as well. */
const QUEUE_PAUSE = 256 * 1024;
/** Milliseconds. */
const MESSAGE_DEADLINE = 10_000;
const TICK = 1000;
/** Milliseconds of answering before others get their turn. */
const TURN = 10;

export interface ServerOptions {
  readonly service: Service;
  /** Answers a call whose parameters are as the interface says. */
  readonly handle: (ask: Ask) => void;
  /** What is answered when there is no result, with a sentence that says why. */
  readonly failed: (message: string) => Failure;
  /** Its name in the log. */
  readonly socket: string;
  readonly submit: (event: Event) => void;
  readonly requester: () => Requester;
  /** Milliseconds that the core has for an answer. */
  readonly deadline: number;
  /** A session was opened that nobody waits for any more. */
  readonly unclaimed: (id: SessionId) => void;
  readonly now: () => Instant;
  readonly log: LogPort;
}

interface Client {
  readonly connection: Connection;
  readonly reader: MessageReader;
  readonly calls: Call[];
  /** A call is being answered; the next one waits. */
  busy: boolean;
  ended: boolean;
  monitors: boolean;
  /** Since when the beginning of a message waits for its end, in milliseconds since boot; null if none does. */
  incompleteSince: number | null;
}

export class VarlinkServer {
  readonly #options: ServerOptions;
  readonly #calls: Calls;
  readonly #limit: LogLimit;
  readonly #clients = new Set<Client>();
  readonly #ready: Client[] = [];
  #working = false;
  /** When this turn of the loop has had enough; null if nothing was answered in it yet. */
  #turnEnds: number | null = null;
  #ticking: NodeJS.Timeout | null = null;

  constructor(options: ServerOptions) {
    const milliseconds = () => this.#milliseconds();
    this.#options = options;
    this.#limit = new LogLimit(options.log, milliseconds);
    this.#calls = new Calls({ ...options, milliseconds });
  }

  get replies(): ReplyPort {
    return this.#calls;
  }

  /** The core's answer to that call is for a client of ours. */
  awaits(call: number): boolean {
    return this.#calls.awaits(call);
  }

  /** Tells those who asked for more. */
  notify(notices: () => Iterable<object>): void {
    const monitors = [...this.#clients].filter((client) => client.monitors);
    if (monitors.length === 0) return;
    for (const notice of notices()) {
      const bytes = encode({ parameters: notice, continues: true });
      for (const client of monitors) this.#send(client, bytes);
    }
  }

  #milliseconds(): number {
    return this.#options.now().monotonic / 1000;
  }

  accept(connection: Connection): ConnectionHandler {
    const client: Client = {
      connection,
      reader: new MessageReader(MESSAGE_MAX),
      calls: [],
      busy: false,
      ended: false,
      monitors: false,
      incompleteSince: null,
    };
    this.#clients.add(client);
    return {
      received: (bytes) => this.#received(client, bytes),
      ended: () => this.#drop(client),
    };
  }

  #drop(client: Client): void {
    if (client.ended) return;
    client.ended = true;
    client.calls.length = 0;
    this.#clients.delete(client);
    this.#calls.forget(client);
    client.connection.close();
  }

  #violation(client: Client, what: string): void {
    const { peer } = client.connection;
    this.#limit.warn(peer.uid, `process ${peer.pid} of user ${peer.uid} on ${this.#options.socket}: ${what}`);
    this.#drop(client);
  }

  #received(client: Client, bytes: Buffer): void {
    if (client.ended) return;
    const { messages, violation } = client.reader.push(bytes);
    for (const message of messages) {
      const call = readCall(message);
      if ("violation" in call) return this.#violation(client, call.violation);
      client.calls.push(call);
      if (client.calls.length > CALLS_WAITING_MAX) return this.#violation(client, "too many calls at once");
    }
    if (!client.reader.incomplete) client.incompleteSince = null;
    else if (client.incompleteSince === null || messages.length > 0)
      client.incompleteSince = this.#milliseconds();
    this.#makeReady(client);
    this.#work();
    if (violation !== null) return this.#violation(client, violation);
    if (client.incompleteSince !== null) this.#watchTime();
  }

  #makeReady(client: Client): void {
    if (client.busy || client.calls.length === 0 || this.#ready.includes(client)) return;
    if (client.connection.queued > QUEUE_PAUSE) this.#watchTime();
    else this.#ready.push(client);
  }

  /** Answers one call of each client in turn, for a moment in each turn of the loop: others have theirs in between. */
  #work(): void {
    if (this.#working || this.#ready.length === 0) return;
    if (this.#turnEnds === null) {
      this.#turnEnds = performance.now() + TURN;
      setImmediate(() => {
        this.#turnEnds = null;
        this.#work();
      });
    }
    this.#working = true;
    while (performance.now() < this.#turnEnds) {
      const client = this.#ready.shift();
      if (client === undefined) break;
      const call = client.calls.shift();
      if (call !== undefined && !client.ended) this.#answer(client, call);
      this.#makeReady(client);
    }
    this.#working = false;
  }

  #answer(client: Client, call: Call): void {
    client.busy = true;
    const { service, handle } = this.#options;
    const own = answerService(service, call);
    if (own !== null) return this.#finish(client, call, encode(own));
    const request = resolve(service, call);
    if ("error" in request) return this.#finish(client, call, encode(request));
    const ask = this.#ask(client, call, request);
    ask.resume(() => handle(ask));
  }

  #ask(client: Client, call: Call, request: Request): Ask {
    const { peer } = client.connection;
    let open = true;
    const answer = (message: Buffer, openFd?: () => number) => {
      if (!open) return;
      this.#finish(client, call, message, openFd);
      open = false;
    };
    const refuse = (failure: Failure) => answer(encode(failure));
    const resume = (rest: () => void) => {
      if (client.ended) return;
      try {
        rest();
      } catch (error) {
        this.#options.log.error(`bug: ${call.method}`, {
          stack: error instanceof Error ? error.stack : error,
        });
        refuse(this.#options.failed(`${request.method}: an error of the daemon, see its log`));
      }
    };
    return {
      ...request,
      peer,
      reply: (parameters, openFd) => answer(encode({ parameters }), openFd),
      replyText: (text) => answer(encodeText(text, false)),
      refuse,
      resume,
      order: (event, { open: opened, call: called }) => {
        this.#limit.info(peer.uid, `process ${peer.pid} of user ${peer.uid} calls ${request.method}`);
        const answered = {
          open: (result: OpenResult) => resume(() => opened?.(result)),
          call: (result: CallResult) => resume(() => called?.(result)),
        };
        this.#calls.order(client, event, answered, () =>
          refuse(this.#options.failed(`${request.method}: no result in time`)),
        );
        this.#watchTime();
      },
      watch: (first) => {
        if (!call.more || call.oneway) return answer(encodeText(first, false));
        client.monitors = true;
        this.#send(client, encodeText(first, true));
      },
    };
  }

  #finish(client: Client, call: Call, message: Buffer, openFd?: () => number): void {
    if (!call.oneway && !client.ended) this.#send(client, message, openFd);
    client.busy = false;
    this.#makeReady(client);
    this.#work();
  }

  #send(client: Client, bytes: Buffer, openFd?: () => number): void {
    const { connection } = client;
    if (this.#isFlooded(connection, bytes.length)) return this.#violation(client, "the answers are not read");
    connection.send(bytes, openFd === undefined ? [] : [openFd()]);
  }

  /** Whether the connections of one user together would make us keep too much; root is trusted to read. */
  #isFlooded({ peer, queued }: Connection, more: number): boolean {
    if (peer.uid === 0 || (queued === 0 && more <= QUEUE_PAUSE)) return false;
    let all = more;
    for (const { connection } of this.#clients) {
      if (connection.peer.uid === peer.uid) all += connection.queued;
    }
    return all > QUEUE_PER_UID;
  }

  /** Runs only while a deadline does. */
  #watchTime(): void {
    this.#ticking ??= setInterval(() => this.#tick(), TICK);
  }

  #tick(): void {
    this.#calls.expire();
    const now = this.#milliseconds();
    let late = this.#calls.size > 0;
    for (const client of this.#clients) {
      this.#makeReady(client);
      if (client.connection.queued > QUEUE_PAUSE) late = true;
      if (client.incompleteSince === null) continue;
      if (now - client.incompleteSince >= MESSAGE_DEADLINE)
        this.#violation(client, "a message did not end in time");
      else late = true;
    }
    this.#work();
    if (late || this.#ticking === null) return;
    clearInterval(this.#ticking);
    this.#ticking = null;
  }
}
