/** One connection to the bus: messages in both directions, each with its own descriptors. */

import type { Kernel, Stream } from "../kernel/kernel.ts";
import { type Body, Prepared } from "./body.ts";
import { writeBody } from "./codec.ts";
import { Descriptors, MessageFds } from "./descriptors.ts";
import { type Frame, FrameReader } from "./frames.ts";
import { Greeting, greeting } from "./greeting.ts";
import { beginMessage, finishMessage, type Header, type Outgoing, readHeader, SERIAL_MAX } from "./header.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** Bodies beyond it are never read. */
export const BODY_MAX = 64 * 1024;
const READ_BYTES = 64 * 1024;
/** While the bus has so much to take, nothing more is read from it. */
const QUEUE_HIGH = 1024 * 1024;
/** Signals come without being asked for: beyond it the bus is taken for dead. */
const QUEUE_MAX = 64 * 1024 * 1024;
/** What the system bus takes: a longer message would end the connection. */
const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;
const WRITER_BYTES_MAX = 1024 * 1024;

export class TooLong extends Error {}

/** A message as it came; its memory is used again when its handler returns. */
export interface Incoming {
  readonly header: Header;
  readonly little: boolean;
  /** Empty if it is oversized. */
  readonly body: Buffer;
  readonly oversized: boolean;
  readonly fds: MessageFds;
  /** Descriptors came and could not be received. */
  readonly fdsLost: boolean;
}

/** At the message's body. */
export function bodyReader({ body, little, fds }: Incoming): Reader {
  const reader = new Reader(body, little, 0, body.length);
  reader.fds = fds.length;
  return reader;
}

export interface ConnectionHandler {
  /** The bus has agreed: messages may be sent. */
  opened(guid: string): void;
  /** Messages come now: as many as were there at once, of so many bytes together. */
  begun(bytes: number, withDescriptors: boolean): void;
  /** Owns the descriptors. Never throws. */
  message(message: Incoming): void;
  /** The queue is short enough again. */
  resumed(): void;
  /** Called once, never before connect() returns, and not after close(). */
  ended(reason: string): void;
}

export class Connection {
  readonly #kernel: Pick<Kernel, "connect" | "closeFd">;
  readonly #handler: ConnectionHandler;
  readonly #stream: Stream;
  readonly #frames = new FrameReader(BODY_MAX);
  readonly #descriptors: Descriptors;
  #writer = new Writer();
  #greeting: Greeting | null = new Greeting();
  #serial = 0;
  #open = true;
  #paused = false;

  /** Throws KernelError if nobody listens there. */
  constructor(kernel: Pick<Kernel, "connect" | "closeFd">, path: string, handler: ConnectionHandler) {
    this.#kernel = kernel;
    this.#handler = handler;
    this.#descriptors = new Descriptors((fd) => kernel.closeFd(fd));
    const limits = { queueBytes: QUEUE_MAX, readBytes: READ_BYTES };
    this.#stream = kernel.connect(path, limits, {
      received: (bytes, fds) => this.#received(bytes, fds),
      drained: () => this.#resume(),
      ended: () => this.#end("the bus is gone"),
    });
    this.#stream.send(greeting(process.geteuid?.() ?? 0));
  }

  get queued(): number {
    return this.#stream.queued;
  }

  /** So much waits to be sent that nothing should be done that sends more. */
  get congested(): boolean {
    return this.#stream.queued > QUEUE_HIGH;
  }

  /** Returns the serial. Closes the descriptors in any case. Throws TypeError for a wrong body, TooLong. */
  send(header: Outgoing, body: Body, fds: readonly number[] = []): number {
    let bytes: Uint8Array;
    try {
      bytes = this.#encode(header, fds.length, body);
    } catch (error) {
      for (const fd of fds) this.#kernel.closeFd(fd);
      throw error;
    }
    this.#stream.send(bytes, fds);
    if (this.#writer.bytes.length > WRITER_BYTES_MAX) this.#writer = new Writer();
    return this.#serial;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stream.close();
    this.#descriptors.closeAll();
  }

  #encode(header: Outgoing, fds: number, body: Body): Uint8Array {
    const writer = this.#writer;
    this.#serial = this.#serial >= SERIAL_MAX ? 1 : this.#serial + 1;
    beginMessage(writer, header, this.#serial, fds);
    if (body instanceof Prepared) writer.raw(body.bytes);
    else if (typeof body === "function") body(writer);
    else writeBody(writer, header.signature ?? "", body);
    const bytes = finishMessage(writer);
    if (bytes.length > MESSAGE_BYTES_MAX) throw new TooLong(`${bytes.length} bytes are too many for the bus`);
    return bytes;
  }

  #received(bytes: Buffer, fds: readonly number[]): void {
    try {
      this.#descriptors.received(bytes.length, fds);
      if (this.#greeting !== null) return this.#greet(this.#greeting, bytes);
      this.#frames.push(bytes);
      this.#handler.begun(bytes.length, fds.length > 0);
      this.#readMessages();
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #greet(greeting: Greeting, bytes: Buffer): void {
    const guid = greeting.push(bytes);
    if (guid === null) return;
    this.#greeting = null;
    // what comes now is counted from here
    this.#descriptors.restart();
    this.#handler.opened(guid);
  }

  #readMessages(): void {
    while (this.#open && !this.#paused) {
      const frame = this.#frames.next();
      if (frame === null) return;
      this.#read(frame);
      if (this.congested) this.#pause(true);
    }
  }

  #read(frame: Frame): void {
    if (frame.headless) return this.#descriptors.drop(frame.start);
    const header = readHeader(frame.bytes, frame);
    const fds = this.#descriptors.take(frame.start, header.fds);
    this.#handler.message({
      header,
      little: frame.little,
      body: frame.bytes.subarray(frame.body),
      oversized: frame.oversized,
      fds: new MessageFds(fds ?? [], (fd) => this.#kernel.closeFd(fd)),
      fdsLost: fds === null,
    });
  }

  #pause(paused: boolean): void {
    this.#paused = paused;
    this.#stream.pause(paused);
  }

  #resume(): void {
    if (!this.#paused) return this.#handler.resumed();
    this.#pause(false);
    this.#handler.resumed();
    this.#received(Buffer.alloc(0), []);
  }

  #end(reason: string): void {
    if (!this.#open) return;
    this.close();
    this.#handler.ended(reason);
  }
}
