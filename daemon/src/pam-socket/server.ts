/** Serves the PAM module: one request per connection, answered by the core, with a sign of life while it waits. */

import type { CallResult, OpenResult, Refusal } from "../core/effects.ts";
import type { Event } from "../core/events.ts";
import type { Instant, World } from "../core/model.ts";
import type { Connection, ConnectionHandler, Kernel, ProcessFacts } from "../kernel/kernel.ts";
import { LogLimit } from "../loop/log-limit.ts";
import type { LogPort, ReplyPort } from "../loop/ports.ts";
import { decodeRequest, encodeReply, PACKET_MAX, type Request, wireMessage } from "./codec.ts";

const CONNECTIONS_MAX = 512;
const QUEUE_MAX = 65536;
/** Milliseconds in which a connection must bring its request. */
const REQUEST_DEADLINE = 2000;
/** Milliseconds between signs of life; a module gives up after three that it misses. */
const HEARTBEAT = 2000;
const TICK = 1000;
/** The number of no call: its answer goes nowhere. */
const NOBODY = 0;

interface PamServerOptions {
  readonly kernel: Kernel;
  readonly submit: (event: Event) => void;
  readonly world: () => World;
  readonly now: () => Instant;
  readonly log: LogPort;
}

interface Client {
  readonly connection: Connection;
  /** Who it is, if that could be looked at while the module still collected what to ask. */
  process: ProcessFacts | null;
  /** 0 until the request is here; then the number of the call. */
  call: number;
  /** When the client came, or was last sent a sign of life, in milliseconds since boot. */
  since: number;
}

/** How the daemon's refusals are named on this wire; the others are "invalid". */
const ERRORS: Readonly<Partial<Record<Refusal, string>>> = {
  busy: "busy",
  limits: "limits",
  failed: "failed",
};

export class PamServer {
  readonly #options: PamServerOptions;
  readonly #limit: LogLimit;
  readonly #clients = new Set<Client>();
  readonly #calls = new Map<number, Client>();
  #lastCall = 0;
  #ticking: NodeJS.Timeout | null = null;

  readonly replies: ReplyPort = {
    openReply: (call, result) => this.#openReply(call, result),
    callReply: (call, result) => this.#callReply(call, result),
  };

  constructor(options: PamServerOptions) {
    this.#options = options;
    this.#limit = new LogLimit(options.log, () => this.#milliseconds());
  }

  serve(fd: number): void {
    const limits = {
      connections: CONNECTIONS_MAX,
      connectionsPerUid: CONNECTIONS_MAX,
      queueBytes: QUEUE_MAX,
      readBytes: PACKET_MAX,
    };
    this.#options.kernel.listen(fd, limits, (connection) => this.#accepted(connection));
  }

  #milliseconds(): number {
    return this.#options.now().monotonic / 1000;
  }

  #tick(): void {
    const at = this.#milliseconds();
    for (const client of this.#clients) {
      if (client.call === 0 && at - client.since > REQUEST_DEADLINE) this.#drop(client);
      else if (client.call !== 0 && at - client.since > HEARTBEAT - TICK / 2) {
        client.since = at;
        client.connection.send(encodeReply("accepted"));
      }
    }
    if (this.#clients.size > 0 || this.#ticking === null) return;
    clearInterval(this.#ticking);
    this.#ticking = null;
  }

  #drop(client: Client): void {
    this.#clients.delete(client);
    this.#calls.delete(client.call);
    client.connection.close();
  }

  #accepted(connection: Connection): ConnectionHandler {
    const client: Client = { connection, process: null, call: 0, since: this.#milliseconds() };
    this.#clients.add(client);
    this.#ticking ??= setInterval(() => this.#tick(), TICK);
    return {
      received: (bytes) => this.#received(client, bytes),
      waiting: () => this.#look(client),
      ended: () => this.#drop(client),
    };
  }

  #look(client: Client): void {
    const { peer } = client.connection;
    // who leads a session comes to close it
    if (peer.uid !== 0 || this.#options.world().leaders.has(peer.pid)) return;
    try {
      client.process = this.#options.kernel.process(peer.pid);
    } catch {
      // it has ended; if it sends a request all the same, the next attempt says so
    }
  }

  #received(client: Client, bytes: Buffer): void {
    const { peer } = client.connection;
    if (peer.uid !== 0 || client.call !== 0) {
      this.#limit.warn(
        peer.uid,
        `process ${peer.pid} of user ${peer.uid} broke the PAM protocol: a request that is not its to make`,
      );
      return this.#drop(client);
    }
    this.#lastCall += 1;
    client.call = this.#lastCall;
    this.#calls.set(client.call, client);
    try {
      this.#handle(client, decodeRequest(bytes));
    } catch (error) {
      this.#refuse(client, "failed", `cannot look at process ${peer.pid}: ${String(error)}`);
    }
  }

  #handle(client: Client, request: Request): void {
    const { peer } = client.connection;
    const requester = { room: "pam", call: client.call } as const;
    if (request.verdict === "violation") {
      this.#limit.warn(peer.uid, `process ${peer.pid} broke the PAM protocol: ${request.reason}`);
      return this.#drop(client);
    }
    if (request.verdict === "version") {
      return this.#refuse(client, "version", "the daemon speaks version 1 of the protocol");
    }
    if (request.verdict === "invalid") return this.#refuse(client, "invalid", request.message);
    if (request.verdict === "close") {
      const caller = { uid: peer.uid, pid: peer.pid };
      const { id } = request;
      return this.#options.submit({
        kind: "session.closeRequested",
        at: this.#options.now(),
        requester,
        id,
        caller,
        reason: "logout",
      });
    }
    const process = client.process ?? this.#options.kernel.process(peer.pid);
    this.#options.submit({
      kind: "session.openRequested",
      at: this.#options.now(),
      requester,
      facts: { ...request.facts, ttyVt: this.#vtOf(request.facts.tty, process.terminal) },
      leader: {
        identity: process.identity,
        insideSession: process.session,
        sameNamespace: process.sameNamespace,
      },
      nonce: request.nonce,
      lifetime: true,
    });
  }

  /** The VT that PAM_TTY names, unless the login program has another controlling terminal: then it has no right to it. */
  #vtOf(tty: string, terminal: string): number {
    const name = tty.replace(/^\/dev\//, "");
    return terminal === "" || terminal === name ? this.#options.kernel.ttyVt(tty) : 0;
  }

  #refuse(client: Client, error: string, message: string): void {
    const fields = [["ERROR", error] as const, ["MESSAGE", wireMessage(message)] as const];
    client.connection.send(encodeReply("refused", fields));
    this.#drop(client);
  }

  #openReply(call: number, result: OpenResult): void {
    const client = this.#calls.get(call);
    if (client === undefined) {
      if (result.outcome === "opened") this.#withdraw(result.session.id, result.session.leader.pid);
      return;
    }
    if (result.outcome === "refused")
      return this.#refuse(client, ERRORS[result.refusal] ?? "invalid", result.message);
    if (result.outcome === "opened") return this.#grant(client, result);
    const environment = result.outcome === "existing" ? result.environment : [];
    client.connection.send(encodeReply(result.outcome, environment));
    this.#drop(client);
  }

  #grant(client: Client, result: Extract<OpenResult, { outcome: "opened" }>): void {
    try {
      const fd = this.#options.kernel.openLifetime(result.session.id);
      client.connection.send(encodeReply("opened", result.environment), [fd]);
      this.#drop(client);
    } catch (error) {
      const { id, leader } = result.session;
      this.#refuse(client, "failed", `cannot give session ${id} its lifetime fd: ${String(error)}`);
      this.#withdraw(id, leader.pid);
    }
  }

  /** A session that its login program knows nothing of must not stay. */
  #withdraw(id: string, pid: number): void {
    this.#options.submit({
      kind: "session.closeRequested",
      at: this.#options.now(),
      requester: { room: "pam", call: NOBODY },
      id,
      caller: { uid: 0, pid },
      reason: "deregistered",
    });
  }

  #callReply(call: number, result: CallResult): void {
    const client = this.#calls.get(call);
    if (client === undefined) return;
    if (!result.ok) return this.#refuse(client, ERRORS[result.refusal] ?? "invalid", result.message);
    client.connection.send(encodeReply("closed"));
    this.#drop(client);
  }
}
