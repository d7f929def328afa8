/** A socket that is served, and clients of it that the tests act for. */

import { execFileSync } from "node:child_process";
import { closeSync } from "node:fs";
import { afterEach } from "vitest";
import type { Connection, ConnectionHandler, ListenLimits } from "../../daemon/src/kernel/kernel.ts";
import { loadPeer, makeRig, type PeerTool, type Rig, unable, until } from "./rig.ts";

export const LIMITS: ListenLimits = {
  connections: 100,
  connectionsPerUid: 3,
  queueBytes: 100_000,
  readBytes: 4096,
};
export const PACKETS = 1;
export const STREAM = 0;

export interface Served {
  readonly connection: Connection;
  readonly received: Buffer[];
  ended: number;
  waited: number;
}

type Received = NonNullable<ReturnType<PeerTool["receive"]>>;

/** For each test of a describe() another one, once it is set up. */
export class Listener {
  readonly peer = unable ? (null as never) : loadPeer();
  /** Descriptors of clients. */
  readonly fds = new Set<number>();
  rig: Rig | null = null;
  served: Served[] = [];
  #path = "";

  constructor() {
    afterEach(() => {
      for (const fd of this.fds) closeSync(fd);
      this.fds.clear();
      this.rig?.kernel.close();
    });
  }

  setUp(kind: number, limits: Partial<ListenLimits> = {}, react?: (s: Served, bytes: Buffer) => void): void {
    const rig = makeRig();
    this.rig = rig;
    this.#path = `${rig.directory}/sock`;
    this.served = [];
    const listener = this.peer.listen(this.#path, kind, 512);
    execFileSync("chmod", ["0666", this.#path]);
    rig.kernel.listen(listener, { ...LIMITS, ...limits }, (connection): ConnectionHandler => {
      const one: Served = { connection, received: [], ended: 0, waited: 0 };
      this.served.push(one);
      return {
        waiting() {
          one.waited += one.received.length === 0 ? 1 : 100;
        },
        received(bytes) {
          one.received.push(bytes);
          react?.(one, bytes);
        },
        ended() {
          one.ended += 1;
        },
      };
    });
  }

  connect(kind: number, uid = 0): number {
    const fd = this.peer.connect(this.#path, kind, uid);
    this.fds.add(fd);
    return fd;
  }

  close(fd: number): void {
    this.fds.delete(fd);
    closeSync(fd);
  }

  closedByPeer(fd: number): boolean {
    const got = this.peer.receive(fd, 16);
    return got !== null && got.bytes.length === 0;
  }

  /** The next message, which is awaited. */
  async take(fd: number): Promise<Received> {
    const got: Received[] = [];
    await until("an answer", () => {
      const next = this.peer.receive(fd, 4096);
      if (next !== null) got.push(next);
      return next !== null;
    });
    return got[0] as Received;
  }

  get first(): Served {
    return this.served[0] as Served;
  }
}
