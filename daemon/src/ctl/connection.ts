/** One call to the daemon and the messages that come back, until either side ends the connection. */

import { createConnection } from "node:net";

const REPLY_MAX = 64 * 1024 * 1024;

/** The connection failed or ended before the answer was there. */
export class Lost extends Error {
  /** The keeper is there and will start the daemon again. */
  readonly passing: boolean;

  constructor(message: string, passing: boolean) {
    super(message);
    this.passing = passing;
  }
}

export type Message = {
  readonly parameters?: unknown;
  readonly error?: unknown;
  readonly continues?: unknown;
};

export interface Listener {
  message(message: Message): void;
  lost(error: Lost): void;
}

export interface Connection {
  readonly destroyed: boolean;
  destroy(): void;
}

/** Throws Lost, or says it to the listener later. */
export type Connect = (path: string, call: object, listener: Listener) => Connection;

export const connect: Connect = (path, call, listener) => {
  const socket = createConnection({ path });
  const cutter = new Cutter();
  socket.on("connect", () => socket.write(encode(call)));
  socket.on("error", ({ syscall, code, message }: NodeJS.ErrnoException) =>
    listener.lost(describe(syscall ?? "connect", code ?? message)),
  );
  socket.on("close", () => listener.lost(closed()));
  socket.on("data", (chunk: Buffer) => cutter.hand(chunk, socket, listener));
  return socket;
};

export function encode(call: object): Buffer {
  return Buffer.from(`${JSON.stringify(call)}\0`);
}

export function closed(): Lost {
  return new Lost("the daemon closed the connection", true);
}

export function describe(call: string, error: string): Lost {
  if (error === "ENOENT") return new Lost("no such socket; sessionmand does not run", false);
  if (error === "ECONNREFUSED") return new Lost("nobody listens there; sessionmand does not run", false);
  return new Lost(`${call}: ${error}`, ["ECONNRESET", "EPIPE", "EAGAIN"].includes(error));
}

/** Cuts what comes into messages. */
export class Cutter {
  #parts: Buffer[] = [];
  #length = 0;

  /** What is no message, or too long, ends the connection. */
  hand(chunk: Buffer, connection: Connection, listener: Listener): void {
    let rest = chunk;
    for (let end = rest.indexOf(0); end >= 0 && !connection.destroyed; end = rest.indexOf(0)) {
      const message = parse(Buffer.concat([...this.#parts, rest.subarray(0, end)]));
      rest = rest.subarray(end + 1);
      this.#parts = [];
      this.#length = 0;
      if (message === null) return connection.destroy();
      listener.message(message);
    }
    this.#parts.push(rest);
    this.#length += rest.length;
    if (this.#length > REPLY_MAX) connection.destroy();
  }
}

function parse(bytes: Buffer): Message | null {
  try {
    const message: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof message === "object" && message !== null ? message : null;
  } catch {
    return null;
  }
}
