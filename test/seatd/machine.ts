/** The seatd server with the real core and loop behind it, on the in-memory kernel. */

import type { World } from "../../daemon/src/core/model.ts";
import { createMemoryKernel, type MemoryKernel } from "../../daemon/src/kernel/memory.ts";
import type { MemoryKeptClient } from "../../daemon/src/kernel/memory-kept.ts";
import type { MemoryProcess } from "../../daemon/src/kernel/memory-system.ts";
import type { Engine } from "../../daemon/src/loop/engine.ts";
import type { Protocol } from "../../daemon/src/seatd/reply-policy.ts";
import { SeatdServer } from "../../daemon/src/seatd/server.ts";
import { newCard, newKeyboard } from "../control/devices.ts";
import { startEngine } from "../loop/rig.ts";
import { session, worldOf } from "../store/sd-login-worlds.ts";

const SOCKET_FD = 7;
export const ALICE = 1000;
export const BOB = 1001;

export const CARD = "/dev/dri/card0";
export const EVENT = "/dev/input/event3";
export const DEVICES = [newCard(0), ...newKeyboard(3), newCard(1, { seat: "seat-2" })];

export function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt16LE(value, 2 * i);
  return bytes;
}

export function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

export function message(op: number, ...parts: readonly Buffer[]): Buffer {
  const rest = Buffer.concat(parts);
  return Buffer.concat([u16(op, rest.length), rest]);
}

export const OPEN_SEAT = message(1);
export const CLOSE_SEAT = message(2);
export const DISABLE_SEAT = message(5);
export const PING = message(7);
export const openDevice = (path: string) =>
  message(3, u16(Buffer.byteLength(path) + 1), Buffer.from(`${path}\0`));
export const closeDevice = (id: number) => message(4, i32(id));
export const switchSession = (place: number) => message(6, i32(place));

const NAMES = new Map([
  [0x8001, "opened"],
  [0x8002, "closed"],
  [0x8003, "device"],
  [0x8004, "device closed"],
  [0x8005, "DISABLE"],
  [0x8006, "ENABLE"],
  [0x8007, "pong"],
  [0x8008, "switched"],
  [0x8009, "disabled"],
  [0xffff, "error"],
]);

/** Everything that a client was sent, in words: "device 1 +fd". */
export function words({ received }: MemoryKeptClient): string[] {
  return received.map(({ bytes, fds }) => {
    const [op, size] = [bytes.readUInt16LE(0), bytes.readUInt16LE(2)];
    const rest = bytes.subarray(4);
    if (rest.length !== size) throw new Error(`${size} bytes are said, ${rest.length} came`);
    const value = op === 0x8001 ? rest.toString("utf8", 2, size - 1) : size === 4 ? rest.readInt32LE(0) : "";
    return [NAMES.get(op) ?? op, value, fds.length > 0 ? "+fd" : ""].filter((word) => word !== "").join(" ");
  });
}

export interface Options {
  readonly protocol?: Protocol;
  readonly enabled?: boolean;
}

export class Machine {
  kernel: MemoryKernel = createMemoryKernel();
  engine!: Engine;
  readonly log: string[] = [];
  /** Microseconds since boot. */
  now = 1_000_000;
  readonly #options: Options;

  /** alice has session 1 on VT 2, bob session 2 on VT 3, and session 3, which is on no seat. */
  constructor(options: Options = {}) {
    this.#options = options;
    const { system } = this.kernel;
    system.activeVt = 2;
    const ids = [
      [1, ALICE, 2],
      [2, BOB, 3],
      [3, BOB, 0],
    ] as const;
    const sessions = ids.map(([id, uid, vtnr]) => {
      const { identity } = system.makeProcess({ uid: 0, cgroup: this.scope(id, uid) });
      return session(String(id), { uid, vtnr, seat: vtnr === 0 ? null : "seat0", leader: identity });
    });
    for (const device of DEVICES) system.seats.plug(device);
    this.#start(worldOf(...sessions));
  }

  scope(id: number, uid: number): string {
    return `/user.slice/user-${uid}.slice/session-${id}.scope`;
  }

  get world(): World {
    return this.engine.world();
  }

  /** A new daemon on the same machine, which knows what the last one knew. */
  restart(): void {
    const { world } = this;
    this.kernel = createMemoryKernel(this.kernel.system);
    this.#start(world);
  }

  #start(world: World): void {
    const { kernel } = this;
    const now = () => ({ realtime: this.now, monotonic: this.now });
    const note = (message: string) => void this.log.push(message);
    const log = { info: note, warn: note, error: note };
    const seatd = new SeatdServer({
      kernel,
      submit: (event) => this.engine.submit(event),
      world: () => this.engine.world(),
      now,
      log,
      enabled: this.#options.enabled ?? true,
      protocol: this.#options.protocol ?? "auto",
    });
    this.engine = startEngine(
      { kernel, world, now, log },
      { seatd: seatd.port, replies: { seatd: seatd.port } },
    );
    seatd.serve(SOCKET_FD);
    seatd.resume();
  }

  /** A process in the session with that number connects. */
  async connect(
    id: number,
    uid: number,
    over: Partial<Omit<MemoryProcess, "identity" | "holds">> = {},
  ): Promise<MemoryKeptClient> {
    const { identity } = this.kernel.system.makeProcess({ uid, cgroup: this.scope(id, uid), ...over });
    const client = this.kernel.dialKept(SOCKET_FD, identity.pid);
    await this.kernel.settle();
    return client;
  }

  /** Sends requests one after the other; what the client has been sent by then. */
  async ask(client: MemoryKeptClient, ...requests: readonly Buffer[]): Promise<string[]> {
    const before = client.received.length;
    for (const each of requests) {
      client.send(each);
      await this.kernel.settle();
    }
    return words(client).slice(before);
  }

  async show(vt: number): Promise<void> {
    this.kernel.system.switchVt(vt);
    await this.kernel.settle();
  }
}

/** A client that has its seat. */
export async function opened(machine: Machine, id = 1, uid = ALICE) {
  const client = await machine.connect(id, uid);
  await machine.ask(client, OPEN_SEAT);
  return client;
}

export const controlOf = (machine: Machine, id = "1") => machine.world.sessions.get(id)?.control;
