/** A connection that we make: bytes and descriptors in both directions. */

import { type Addon, AGAIN } from "./addon.ts";
import type { Base } from "./base.ts";
import { Ending } from "./ending.ts";
import type { Kernel, Stream, StreamHandler, StreamLimits } from "./kernel.ts";
import { Outgoing } from "./outgoing.ts";
import { type Poller, READABLE, WRITABLE } from "./poller.ts";

/** What is sent in one go goes together: whoever is woken by a part of it takes the processor from the rest. */
const TOGETHER = 16_384;

class Connected extends Ending<StreamHandler> implements Stream {
  readonly #addon: Addon;
  readonly #poller: Poller;
  readonly #fd: number;
  readonly #buffer: Buffer;
  readonly #fds: number[] = [];
  readonly #outgoing: Outgoing;
  readonly #together = Buffer.allocUnsafeSlow(TOGETHER);
  /** Bytes that are sent when what is being done now is done. */
  #gathered = 0;
  #paused = false;
  #watched = READABLE;

  constructor(base: Base, fd: number, { queueBytes, readBytes }: StreamLimits, handler: StreamHandler) {
    super();
    this.#addon = base.addon;
    this.#poller = base.poller;
    this.#fd = fd;
    this.handler = handler;
    this.#buffer = Buffer.allocUnsafeSlow(readBytes);
    this.#outgoing = new Outgoing(base.addon, fd, queueBytes);
    this.#poller.watch(fd, READABLE, (events) => this.#ready(events));
  }

  get queued(): number {
    return this.#outgoing.bytes + this.#gathered;
  }

  send(bytes: Uint8Array, fds?: readonly number[]): void {
    if (this.handler === null || bytes.length === 0) return this.#outgoing.close(fds);
    const alone = fds !== undefined && fds.length > 0;
    if (alone || this.#gathered + bytes.length > TOGETHER) this.#sendGathered();
    if (alone || bytes.length > TOGETHER) return this.#send(bytes, fds);
    if (this.#gathered === 0) queueMicrotask(() => this.#sendGathered());
    this.#together.set(bytes, this.#gathered);
    this.#gathered += bytes.length;
  }

  #sendGathered(): void {
    const size = this.#gathered;
    this.#gathered = 0;
    if (size > 0 && this.handler !== null) this.#send(this.#together.subarray(0, size), undefined);
  }

  #send(bytes: Uint8Array, fds: readonly number[] | undefined): void {
    if (this.#outgoing.send(bytes, fds) === "lost") return this.endLater();
    this.#watch();
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (this.handler !== null) this.#watch();
  }

  close(): void {
    if (this.handler === null) return;
    if (this.#gathered > 0) this.#outgoing.send(this.#together.subarray(0, this.#gathered), undefined);
    this.handler = null;
    this.shut();
  }

  #watch(): void {
    const wanted = (this.#paused ? 0 : READABLE) | (this.#outgoing.waits ? WRITABLE : 0);
    if (wanted === this.#watched) return;
    this.#watched = wanted;
    this.#poller.modify(this.#fd, wanted);
  }

  #ready(events: number): void {
    if (this.#outgoing.waits && (events & ~READABLE) !== 0) this.#flush();
    // a hang-up or an error shows in the read as well
    if (this.handler !== null && (events & ~WRITABLE) !== 0) this.#read();
  }

  #read(): void {
    const fds = this.#fds;
    const count = this.#addon.receive(this.#fd, this.#buffer, fds, true);
    if (count > 0) this.handler?.received(this.#buffer.subarray(0, count), fds.splice(0));
    else if (count !== AGAIN) this.end();
  }

  #flush(): void {
    const sending = this.#outgoing.flush();
    if (sending === "lost") return this.end();
    if (sending === "waiting") return;
    this.#watch();
    this.handler?.drained();
  }

  protected shut(): void {
    this.#poller.drop(this.#fd);
    this.#outgoing.drop();
  }
}

export function createStreams(base: Base): Pick<Kernel, "connect" | "closeFd"> {
  return {
    connect(path, limits, handler) {
      const fd = base.addon.connect(path);
      try {
        return new Connected(base, fd, limits, handler);
      } catch (error) {
        base.addon.close(fd);
        throw error;
      }
    },
    closeFd: (fd) => base.addon.close(fd),
  };
}
