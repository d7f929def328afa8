/**
 * Serves the seatd protocol: who a client is the kernel says, what it may the core decides, and what it sends can end
 * its own connection and nothing else. Devices are known to clients by the keys of the keeper.
 */

import type { Event } from "../core/events.ts";
import { type Instant, SEATD, type Session, type World } from "../core/model.ts";
import { type Kernel, processOrNull } from "../kernel/kernel.ts";
import type { KeptConnection } from "../kernel/seat-kernel.ts";
import { LogLimit } from "../loop/log-limit.ts";
import type { LogPort, ReplyPort } from "../loop/ports.ts";
import type { SeatdPort } from "../loop/seat-ports.ts";
import { admit } from "./admission.ts";
import { Calls } from "./calls.ts";
import { Client, type Service } from "./client.ts";
import { DISABLE_SEAT, ENABLE_SEAT, READ_MAX, type Request } from "./codec.ts";
import { answersAll, MARKS, type Protocol } from "./reply-policy.ts";
import { Requests } from "./requests.ts";

const LIMITS = { connections: 128, connectionsPerUid: 16, queueBytes: 65_536, readBytes: READ_MAX };
const LIBRARY = "libseat";
/** Milliseconds. */
const TICK = 1000;

export interface SeatdOptions {
  readonly kernel: Kernel;
  readonly submit: (event: Event) => void;
  readonly world: () => World;
  readonly now: () => Instant;
  readonly log: LogPort;
  /** Otherwise whoever connects is sent away, and an earlier daemon's clients, too. */
  readonly enabled: boolean;
  readonly protocol: Protocol;
}

export class SeatdServer implements Service {
  readonly port: ReplyPort & SeatdPort;
  readonly #options: SeatdOptions;
  readonly #calls: Calls;
  readonly #requests: Requests;
  readonly #limit: LogLimit;
  readonly #clients = new Map<string, Client>();
  #ticking: NodeJS.Timeout | null = null;

  constructor(options: SeatdOptions) {
    const calls = new Calls(options.submit);
    this.#options = options;
    this.#calls = calls;
    this.#limit = new LogLimit(options.log, () => this.now());
    this.#requests = new Requests({
      ...options,
      calls,
      admit: (client) => this.#admit(client),
      refuse: (client, why) => this.violated(client, why),
      opened: (client) => this.#learn(client),
    });
    this.port = {
      openReply: () => calls.openReply(),
      callReply: (call, result) => calls.callReply(call, result),
      takeReply: (call, result) => calls.takeReply(call, result),
      tell: (name, what) => this.#tell(name, what),
    };
  }

  /** Before the core starts: it is to hear which clients an earlier daemon has left. */
  serve(fd: number): void {
    this.#options.kernel.serveKept(fd, LIMITS, (connection) => this.#accepted(connection));
  }

  /** After the core has started: these clients have their seats still, and whoever else is left is new. */
  resume(): void {
    for (const { id, control } of this.#options.world().sessions.values()) {
      const client = control?.bus === SEATD ? this.#clients.get(control.name) : undefined;
      if (client === undefined) continue;
      client.state = "open";
      client.session = id;
      if (!client.asksAgain) client.deadline = null;
      this.#learn(client);
    }
  }

  now(): number {
    return this.#options.now().monotonic / 1000;
  }

  answer(client: Client, request: Request, more: boolean): void {
    this.#requests.answer(client, request, more);
  }

  /** Runs only while a deadline does. */
  watchTime(): void {
    this.#ticking ??= setInterval(() => this.#tick(), TICK);
  }

  violated(client: Client, what: string): void {
    this.#warn(client.connection, what);
    this.#drop(client);
    client.connection.close();
  }

  left(client: Client): void {
    this.#drop(client);
  }

  #accepted(connection: KeptConnection): Client | null {
    const { enabled, protocol } = this.#options;
    if (!enabled) return null;
    const client = new Client(this, connection, protocol === "auto");
    if (!connection.restored) {
      const session = this.#admit(client);
      if (typeof session === "string") {
        this.#warn(connection, session);
        return null;
      }
    }
    this.#clients.set(client.name, client);
    return client;
  }

  #admit({ connection }: Client): Session | string {
    const { kernel, world } = this.#options;
    return admit(world(), (pid) => processOrNull(kernel, pid), connection.peer);
  }

  #warn({ peer: { pid, uid } }: KeptConnection, what: string): void {
    this.#limit.warn(uid, `process ${pid} of user ${uid} on the seatd socket ${what}`);
  }

  #drop(client: Client): void {
    if (client.gone) return;
    client.gone = true;
    this.#clients.delete(client.name);
    this.#calls.forget(client);
    if (client.state === "open")
      this.#options.submit({ kind: "seatd.left", at: this.#options.now(), name: client.name });
  }

  #tell(name: string, what: "enable" | "disable" | "close"): void {
    const client = this.#clients.get(name);
    if (client === undefined) return;
    if (what === "enable") return client.connection.send(ENABLE_SEAT);
    if (what === "disable") return client.connection.send(DISABLE_SEAT);
    // the core does not know of one whose seat an earlier daemon was about to open: that is done now
    if (client.session === null && client.asksAgain) return;
    client.state = "closed";
    this.#drop(client);
    client.connection.close();
  }

  /** Which release of libseat it uses decides over two of the answers that it gets. */
  #learn(client: Client): void {
    const { kernel, protocol } = this.#options;
    if (protocol !== "auto") return client.learn(answersAll(protocol, null));
    kernel.searchLibrary(client.connection.peer.pid, LIBRARY, MARKS, (marks) =>
      client.learn(answersAll(protocol, marks)),
    );
  }

  #tick(): void {
    const now = this.now();
    let waits = false;
    for (const client of [...this.#clients.values()]) {
      if (client.deadline === null) continue;
      if (now >= client.deadline.at) this.violated(client, client.deadline.missed);
      else waits = true;
    }
    if (waits || this.#ticking === null) return;
    clearInterval(this.#ticking);
    this.#ticking = null;
  }
}
