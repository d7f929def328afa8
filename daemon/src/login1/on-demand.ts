/** login1 is loaded when there is a bus to serve it on: a system without one does not pay for it. */

import { existsSync } from "node:fs";
import { ControllerSignals } from "./controller-signals.ts";
import type { Login1, Login1Options } from "./server.ts";

const LOOK_MS = 2000;

export function login1OnDemand(options: Omit<Login1Options, "controllers">): Login1 {
  let server: Login1 | null = null;
  const controllers = new ControllerSignals(options.kernel, options.log);

  const load = async () => {
    const { createLogin1 } = await import("./server.ts");
    server = createLogin1({ ...options, controllers });
    server.start();
  };
  const look = () => {
    if (existsSync(options.socket)) void load();
    else setTimeout(look, LOOK_MS);
  };
  return {
    // nobody waits for an answer of a server that is not there
    port: {
      openReply: (call, result) => server?.port.openReply(call, result),
      callReply: (call, result) => server?.port.callReply(call, result),
      inhibitReply: (call, result) => server?.port.inhibitReply(call, result),
      lock: (id, lock) => server?.port.lock(id, lock),
      takeReply: (call, result) => server?.port.takeReply(call, result),
      paused: (...word) => (server?.port ?? controllers).paused(...word),
      resumed: (...word) => (server?.port ?? controllers).resumed(...word),
    },
    published: (before, after) => server?.published(before, after),
    start: look,
  };
}
