/** One client: its requests in their order, each answered before the next one is looked at. */

import type { SessionId } from "../core/model.ts";
import type { KeptConnection, KeptHandler } from "../kernel/seat-kernel.ts";
import { parse, type Request } from "./codec.ts";

/** Milliseconds that a client may keep us waiting, and we a client. */
const CLIENT_PATIENCE = 10_000;
const ANSWER_PATIENCE = 30_000;

/** What the server does for its clients. */
export interface Service {
  /** In milliseconds since boot. */
  now(): number;
  /** more: something came behind the request. */
  answer(client: Client, request: Request, more: boolean): void;
  /** There is a deadline. */
  watchTime(): void;
  violated(client: Client, what: string): void;
  left(client: Client): void;
}

/** new: it has not asked for its seat; closed: it has given the seat back, and there is no second time. */
type State = "new" | "open" | "closed";

/** What has to have happened by then. */
interface Deadline {
  readonly at: number;
  readonly missed: string;
}

export class Client implements KeptHandler {
  readonly connection: KeptConnection;
  /** By which the core knows it. */
  readonly name: string;
  state: State = "new";
  /** Whose seat it has, or asks for. */
  session: SessionId | null = null;
  /** An earlier daemon was asked for the seat and has not answered. */
  asksAgain: boolean;
  gone = false;
  deadline: Deadline | null;
  /** Whether what it gets is guessed by what it does. */
  readonly guesses: boolean;
  readonly #service: Service;
  /** Whether it gets the answers that only libseat since 0.9 expects; null while that is not known. */
  #getsNew: boolean | null = null;
  #whenKnown: (() => void) | null = null;
  /** Of the request that is not done with. */
  #length = 0;
  #incomplete = false;

  constructor(service: Service, connection: KeptConnection, guesses: boolean) {
    const first = parse(connection.waiting);
    this.#service = service;
    this.connection = connection;
    this.guesses = guesses;
    this.name = String(connection.number);
    this.asksAgain = "request" in first && first.request.kind === "openSeat";
    this.deadline = this.#deadline(CLIENT_PATIENCE, "did not ask for its seat in time");
  }

  received(bytes: Uint8Array): void {
    const parsed = parse(bytes);
    if ("violation" in parsed) return this.#service.violated(this, `sent ${parsed.violation}`);
    if ("incomplete" in parsed) return this.#wait();
    this.#incomplete = false;
    this.#length = parsed.length;
    this.deadline = this.#deadline(ANSWER_PATIENCE, "was not answered in time");
    this.#service.answer(this, parsed.request, bytes.length > parsed.length);
    this.asksAgain = false;
  }

  ended(): void {
    this.#service.left(this);
  }

  /** null: this request has no answer. */
  reply(bytes: Uint8Array | null, fds?: readonly number[]): void {
    const idle = this.state === "open";
    this.deadline = idle ? null : this.#deadline(CLIENT_PATIENCE, "stayed without a seat");
    if (bytes === null) this.connection.proceed(this.#length);
    else this.connection.answer(this.#length, bytes, fds);
  }

  /** The same with an answer that only libseat since 0.9 expects. */
  replyNew(bytes: Uint8Array): void {
    this.reply(this.#getsNew === false ? null : bytes);
  }

  learn(getsNew: boolean): void {
    this.#getsNew ??= getsNew;
    this.#goOn();
  }

  /** It did not wait for such an answer. */
  showedOld(): void {
    this.#getsNew = false;
    this.#goOn();
  }

  #goOn(): void {
    const then = this.#whenKnown;
    this.#whenKnown = null;
    if (!this.gone) then?.();
  }

  whenKnown(then: () => void): void {
    if (this.#getsNew === null) this.#whenKnown = then;
    else then();
  }

  #deadline(patience: number, missed: string): Deadline {
    this.#service.watchTime();
    return { at: this.#service.now() + patience, missed };
  }

  #wait(): void {
    if (!this.#incomplete) this.deadline = this.#deadline(CLIENT_PATIENCE, "did not end its request in time");
    this.#incomplete = true;
    this.connection.proceed(0);
  }
}
