/** A socket is served at once, and what stands behind it loaded when somebody connects: a login needs neither. */

import type { Connection, ConnectionHandler } from "../kernel/kernel.ts";

export interface Acceptor {
  accept(connection: Connection): ConnectionHandler;
}

/** Hands connections on to what is loaded with the first of them. */
export function acceptOnDemand(load: () => Promise<Acceptor>): (connection: Connection) => ConnectionHandler {
  let server: Acceptor | null = null;
  let loading: Promise<Acceptor> | null = null;

  return (connection) => {
    if (server !== null) return server.accept(connection);
    loading ??= load();
    void loading.then((loaded) => {
      server = loaded;
    });
    return new Early(connection, loading);
  };
}

/** Keeps what a client says until the room is loaded, which takes some milliseconds. */
class Early implements ConnectionHandler {
  readonly #said: Buffer[] = [];
  #handler: ConnectionHandler | null = null;
  #ended = false;

  constructor(connection: Connection, loading: Promise<Acceptor>) {
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
