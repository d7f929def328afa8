/** sessionctl's command line against the real server: a socket in a temporary directory leads to the in-memory kernel. */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import type { Policy } from "../../daemon/src/core/configuration.ts";
import { main } from "../../daemon/src/ctl/cli.ts";
import { ALICE, BOB, Machine } from "../control/machine.ts";

export interface Run {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

export interface RunOptions {
  readonly environment?: Record<string, string>;
  readonly columns?: number;
}

/** Hands on what either side sends; the caller is the process that the test chose. */
function connectThrough(machine: Machine, pid: number, socket: Socket): void {
  const client = machine.client(pid);
  let told = 0;
  const flush = (): void => {
    for (const { bytes } of client.raw.received.slice(told)) socket.write(bytes);
    told = client.raw.received.length;
    if (client.raw.closed) socket.destroy();
  };
  const timer = setInterval(flush, 2);
  socket.on("data", (bytes) => client.raw.send(bytes));
  socket.on("error", () => {});
  socket.on("close", () => {
    clearInterval(timer);
    client.raw.close();
  });
}

export class Bridge {
  readonly machine: Machine;
  readonly directory = mkdtempSync(join(tmpdir(), "sessionctl-"));
  readonly path = join(this.directory, "control.sock");
  /** Which process the next calls come from. */
  caller = 0;
  /** The user database. */
  readonly accounts = new Map([
    ["root", 0],
    ["alice", ALICE],
    ["bob", BOB],
  ]);
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(machine = new Machine()) {
    this.machine = machine;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      connectThrough(this.machine, this.caller, socket);
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Nobody listens any more. */
  stop(): void {
    this.#server.close();
    rmSync(this.directory, { recursive: true, force: true });
    this.cut();
  }

  /** All connections end, as when the daemon is killed. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  run(
    args: readonly string[],
    options: RunOptions = {},
    onOut: (text: string) => void = () => {},
  ): Promise<Run> {
    let out = "";
    let error = "";
    const around = {
      environment: { LANG: "C.UTF-8", ...options.environment },
      version: "1.2.3",
      terminal: options.columns === undefined ? null : { columns: options.columns },
      lookUp: (name: string) => this.accounts.get(name) ?? null,
      nameOf: (kind: "passwd" | "group", id: number) =>
        kind === "group" ? `g${id}` : ([...this.accounts].find(([, uid]) => uid === id)?.[0] ?? String(id)),
      out: (text: string) => {
        out += text;
        onOut(text);
      },
      error: (text: string) => {
        error += text;
      },
    };
    return main(["--socket", this.path, ...args], around).then((status) => ({ status, out, error }));
  }
}

/** For each test another one, whose caller is root. */
export function useBridge(taken: (bridge: Bridge) => void, policy: Partial<Policy> = {}): void {
  let bridge: Bridge;
  beforeEach(async () => {
    bridge = new Bridge(new Machine(policy));
    bridge.caller = bridge.machine.process(0);
    await bridge.start();
    taken(bridge);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    bridge.stop();
  });
}
