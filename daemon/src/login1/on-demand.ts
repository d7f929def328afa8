/**
 * login1 is loaded when there is a bus to serve it on, and its Varlink side when somebody connects: a system without
 * them does not pay for it.
 */

import { existsSync } from "node:fs";
import type { Requester, SessionId } from "../core/model.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ReplyPort } from "../loop/ports.ts";
import { acceptOnDemand } from "../varlink/on-demand.ts";
import type { VarlinkServer } from "../varlink/server.ts";
import { ControllerSignals } from "./controller-signals.ts";
import type { Login1, Login1Options } from "./server.ts";

const LOOK_MS = 2000;

/** Of what use the socket is to others than root, only leaving a session, takes few connections. */
const LIMITS = { connections: 1024, connectionsPerUid: 16, queueBytes: 256 * 1024, readBytes: 64 * 1024 };

export interface Login1OnDemandOptions
  extends Omit<Login1Options, "controllers" | "requester" | "unclaimed"> {
  readonly kernel: Login1Options["kernel"] & Pick<Kernel, "listen">;
  readonly version: string;
  /** The kernel's id of this boot. */
  readonly boot: string;
}

export interface Login1Faces extends Login1 {
  /** Serves the Varlink interface, too, if the keeper has a socket for it. */
  serve(fd: number): void;
}

export function login1OnDemand(options: Login1OnDemandOptions): Login1Faces {
  let server: Login1 | null = null;
  let varlink: VarlinkServer | null = null;
  let orders = 0;
  const controllers = new ControllerSignals(options.kernel, options.log);
  const shared = {
    ...options,
    // one count for both: the number of an order says whose it is
    requester: (): Requester => {
      orders += 1;
      return { room: "login1", call: orders };
    },
    unclaimed: (id: SessionId) => withdraw(options, id),
  };

  const load = async () => {
    const { createLogin1 } = await import("./server.ts");
    server = createLogin1({ ...shared, controllers });
    server.start();
  };
  const look = () => {
    if (existsSync(options.socket)) void load();
    else setTimeout(look, LOOK_MS);
  };
  const accept = acceptOnDemand(async () => {
    const { createLoginVarlink } = await import("./varlink.ts");
    varlink = createLoginVarlink(shared);
    return varlink;
  });
  // an order whose caller is gone is nobody's: either of the two sees to its session
  const faceOf = (call: number): ReplyPort | undefined =>
    varlink !== null && (server === null || varlink.awaits(call)) ? varlink.replies : server?.port;
  return {
    // nobody waits for an answer of a server that is not there
    port: {
      openReply: (call, result) => faceOf(call)?.openReply(call, result),
      callReply: (call, result) => faceOf(call)?.callReply(call, result),
      inhibitReply: (call, result) => server?.port.inhibitReply(call, result),
      lock: (id, lock) => server?.port.lock(id, lock),
      takeReply: (call, result) => server?.port.takeReply(call, result),
      paused: (...word) => (server?.port ?? controllers).paused(...word),
      resumed: (...word) => (server?.port ?? controllers).resumed(...word),
    },
    published: (before, after) => server?.published(before, after),
    switched: (before, after) => server?.switched(before, after),
    start: look,
    serve: (fd) => void options.kernel.listen(fd, LIMITS, accept),
  };
}

function withdraw({ submit, now }: Pick<Login1Options, "submit" | "now">, id: SessionId): void {
  submit({
    kind: "session.closeRequested",
    at: now(),
    requester: { room: "login1", call: 0 },
    id,
    caller: { uid: 0, pid: 0 },
    reason: "deregistered",
  });
}
