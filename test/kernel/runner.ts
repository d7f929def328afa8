/** A keeper and the sessionman-runs that it starts, as far as the kernel door sees them; their processes are real. */

import type { ChildProcess } from "node:child_process";
import { closeSync, writeFileSync } from "node:fs";
import { type Addon, loadAddon } from "../../daemon/src/kernel/addon.ts";
import { ADDON, loadPeer, type PeerTool, startSleep } from "./rig.ts";

export const RECORD = 2048;
export const RUN = 4;
const TEXT = 20;
const PUMP_MS = 1;

export class FakeRunner {
  /** Its own group; "-" for none. */
  readonly group: string;
  readonly given: ReadonlyMap<string, string>;
  readonly orders: (readonly string[])[] = [];
  /** Stuck in a call: it neither reads nor notices anything. */
  deaf = false;
  readonly #addon: Addon;
  readonly #peer: PeerTool;
  readonly #listener: number;
  #connection = -1;
  #holder: ChildProcess | null = null;
  #manager: ChildProcess | null = null;
  #news: readonly string[] = ["starting", "0"];
  #gone = false;

  constructor(addon: Addon, peer: PeerTool, text: string, listener: number) {
    const [group = "", ...words] = text.split("\0");
    this.#addon = addon;
    this.#peer = peer;
    this.#listener = listener;
    this.group = group;
    this.given = new Map(words.map((word) => word.split(/=(.*)/s, 2) as [string, string]));
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** The process that stands for itself, in its group. */
  async begin(): Promise<number> {
    const { child, pid } = await startSleep();
    if (this.group !== "-") writeFileSync(`${this.group}/cgroup.procs`, String(pid));
    this.#holder = child;
    return pid;
  }

  async fork(): Promise<number> {
    const { child, pid } = await startSleep();
    if (this.group !== "-") writeFileSync(`${this.given.get("group")}/init.scope/cgroup.procs`, String(pid));
    this.#manager = child;
    this.say("starting", String(pid));
    return pid;
  }

  say(...words: readonly string[]): void {
    this.#news = words;
    this.sendRaw(`${words.join("\0")}\0`);
  }

  sendRaw(packet: string): void {
    if (this.#connection < 0) return;
    try {
      this.#peer.send(this.#connection, Buffer.from(packet), 0);
    } catch {
      this.hangUp(); // the daemon that had connected is gone
    }
  }

  end(message: string): void {
    this.pump();
    this.say("ended", message);
    this.#manager?.kill("SIGKILL");
    this.exit();
  }

  /** Without a word. */
  exit(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.hangUp();
    closeSync(this.#listener);
    this.#holder?.kill("SIGKILL");
  }

  hangUp(): void {
    if (this.#connection >= 0) closeSync(this.#connection);
    this.#connection = -1;
  }

  pump(): void {
    if (this.#gone || this.deaf) return;
    if (hasEnded(this.#holder)) return this.exit();
    for (
      let next = this.#addon.accept(this.#listener);
      next !== null;
      next = this.#addon.accept(this.#listener)
    ) {
      this.hangUp();
      this.#connection = next.fd;
      this.say(...this.#news);
    }
    this.#takeOrders();
    if (hasEnded(this.#manager)) {
      this.#manager = null;
      this.end("signal 9");
    }
  }

  #takeOrders(): void {
    while (this.#connection >= 0) {
      const packet = this.#peer.receive(this.#connection, 65_536);
      if (packet === null) return;
      if (packet.bytes.length === 0) return this.hangUp();
      const words = packet.bytes.toString().split("\0").slice(0, -1);
      this.orders.push(words);
      if (words[0] === "kill" && this.#manager === null) return this.end("killed");
      if (words[0] === "kill") this.#manager?.kill("SIGKILL");
      if (words[0] === "term") this.#manager?.kill("SIGTERM");
    }
  }
}

function hasEnded(child: ChildProcess | null): boolean {
  return child !== null && (child.exitCode !== null || child.signalCode !== null);
}

export class FakeKeeper {
  /** The daemon's end; adopt() makes one for the next daemon. */
  channel: number;
  readonly runners: FakeRunner[] = [];
  /** Reads nothing while it is. */
  asleep = false;
  readonly #addon = loadAddon(ADDON);
  readonly #peer = loadPeer();
  #own: number;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    [this.#own, this.channel] = this.#peer.pair();
    this.#timer = setInterval(() => this.pump(), PUMP_MS);
  }

  /** A new channel, for a daemon that starts after the first. */
  again(): void {
    this.pump();
    closeSync(this.#own);
    [this.#own, this.channel] = this.#peer.pair();
  }

  /** Its end of the channel is gone, with what it has not read. */
  lose(): void {
    closeSync(this.#own);
    [this.#own, this.channel] = this.#peer.pair();
  }

  pump(): void {
    while (!this.asleep) {
      const next = this.#peer.receive(this.#own, RECORD + 1);
      if (next === null || next.bytes.length === 0) break;
      const [listener] = next.fds;
      if (next.bytes.readUInt32LE(0) === RUN && listener !== undefined)
        this.runners.push(new FakeRunner(this.#addon, this.#peer, textOf(next.bytes), listener));
    }
    for (const runner of this.runners) runner.pump();
  }

  end(): void {
    clearInterval(this.#timer);
    for (const runner of this.runners) runner.exit();
    closeSync(this.#own);
  }
}

/** Up to the empty string that ends it. */
export function textOf(record: Buffer): string {
  return record.toString("utf8", TEXT, record.indexOf("\0\0", TEXT));
}

/** What a record says beside its operation; what is not named is 0. */
interface Said {
  readonly serial?: number;
  readonly value?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Numbers in the place of the text. */
  readonly items?: readonly number[];
}

/** A record as the keeper writes it. */
export function recordOf(
  op: number,
  { serial = 0, value = 0, uid = 0, gid = 0, items = [] }: Said = {},
): Buffer {
  const record = Buffer.alloc(RECORD);
  record.writeInt32LE(value, 8);
  for (const [at, number] of [
    [0, op],
    [4, serial],
    [12, uid],
    [16, gid],
    ...items.map((item, i) => [TEXT + 4 * i, item] as const),
  ] as const)
    record.writeUInt32LE(number, at);
  return record;
}
