/** The control socket is served at once, and the room behind it loaded when somebody connects: a login needs neither. */

import { acceptOnDemand } from "../varlink/on-demand.ts";
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
  const accept = acceptOnDemand(async () => {
    const { createControlServer } = await import("./server.ts");
    server = createControlServer(options);
    return server;
  });
  return {
    // nobody waits for an answer of a server that is not there
    replies: {
      openReply: (call, result) => server?.replies.openReply(call, result),
      callReply: (call, result) => server?.replies.callReply(call, result),
    },
    published: (before, after) => server?.published(before, after),
    serve: (fd) => void options.kernel.listen(fd, LIMITS, accept),
  };
}
