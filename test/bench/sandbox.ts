import type { ProductName, Requests } from "./agent.ts";
import { Peer } from "./peer.ts";

/** A sandbox with one product in it. */
export class Sandbox {
  readonly product: ProductName;
  readonly #peer: Peer;

  private constructor(product: ProductName, peer: Peer) {
    this.product = product;
    this.#peer = peer;
  }

  static async start(product: ProductName, options: SandboxOptions): Promise<Sandbox> {
    const { tree, cache, pinned } = options;
    const agent = [process.execPath, `${tree}/build/bench/agent.cjs`, product, tree, "/mnt/share"];
    const command = [...(pinned ? ["taskset", "-c", "0"] : []), `${tree}/test/sandbox/run`, ...agent];
    const peer = new Peer(product, command, { ...process.env, SANDBOX_SHARE: cache });
    const first = await peer.receive();
    if (first !== "ready") throw new Error(`${product}: ${first}`);
    return new Sandbox(product, peer);
  }

  async ask<K extends keyof Requests>(kind: K, ask: Requests[K]["ask"]): Promise<Requests[K]["answer"]> {
    this.#peer.send(JSON.stringify([kind, ask]));
    return JSON.parse(await this.#peer.receive());
  }

  end(): Promise<void> {
    return this.#peer.end();
  }
}

export interface SandboxOptions {
  readonly tree: string;
  /** The directory of elogind's unpacked packages. */
  readonly cache: string;
  /** Everything on one processor. */
  readonly pinned: boolean;
}
