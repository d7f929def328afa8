/** The control socket is served at once, and the room behind it loaded when somebody connects: a login needs neither. */

import type { Connection, ConnectionHandler } from "../kernel/kernel.ts";
import type { ControlOptions, ControlServer } from "./server.ts";

export const LIMITS = {
  connections: 1024,
  connectionsPerUid: 64,
  /** The list of all sessions at their limit has to fit. */
  queueBytes: 8 * 1024 * 1024,
  /** No message is longer. */
  readBytes: 64 * 1024,
};

export interface ControlSocket extends Pick<ControlServer, "replies" | "published"> {
  serve(fd: number): void;
}

export function controlOnDemand(options: ControlOptions): ControlSocket {
  let server: ControlServer | null = null;
  let loading: Promise<ControlServer> | null = null;

  const load = async () => {
    const { createControlServer } = await import("./server.ts");
    server = createControlServer(options);
    return server;
  };
  const accept = (connection: Connection): ConnectionHandler => {
    if (server !== null) return server.accept(connection);
    loading ??= load();
    return new Early(connection, loading);
  };
  return {
    // nobody waits for an answer of a server that is not there
    replies: {
      openReply: (call, result) => server?.replies.openReply(call, result),
      callReply: (call, result) => server?.replies.callReply(call, result),
    },
    published: (before, after) => server?.published(before, after),
    serve: (fd) => options.kernel.listen(fd, LIMITS, accept),
  };
}

/** Keeps what a client says until the room is loaded, which takes some milliseconds. */
class Early implements ConnectionHandler {
  readonly #said: Buffer[] = [];
  #handler: ConnectionHandler | null = null;
  #ended = false;

  constructor(connection: Connection, loading: Promise<ControlServer>) {
    void loading.then((server) => {
      if (this.#ended) return;
      this.#handler = server.accept(connection);
      for (const bytes of this.#said.splice(0)) this.#handler.received(bytes);
    });
  }

  received(bytes: Buffer): void {
    if (this.#handler === null) this.#said.push(bytes);
    else this.#handler.received(bytes);
  }

  ended(): void {
    this.#ended = true;
    this.#handler?.ended();
  }
}
