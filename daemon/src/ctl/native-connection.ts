/** A connection that takes descriptors, which Node's own sockets would drop; the addon is loaded for it alone. */

import { type Addon, AGAIN, loadAddon, type NativePoll } from "../kernel/addon.ts";
import { KernelError } from "../kernel/kernel.ts";
import { type Connection, Cutter, closed, describe, encode, type Listener, Lost } from "./connection.ts";
import { CommandError, EXIT } from "./failure.ts";

const ADDON = `${import.meta.dirname}/sessionman.node`;
const EPOLLIN = 0x1;
const READ = 64 * 1024;

/** The descriptors that come with the messages go into the array, close-on-exec and open. */
export function connectForDescriptors(
  path: string,
  call: object,
  listener: Listener,
  fds: number[],
): Connection {
  const addon = load();
  try {
    return new NativeConnection(addon, path, encode(call), listener, fds);
  } catch (error) {
    throw error instanceof KernelError ? describe(error.call, error.errno) : error;
  }
}

function load(): Addon {
  try {
    return loadAddon(ADDON);
  } catch (error) {
    throw new CommandError(`cannot receive descriptors: ${(error as Error).message}`, EXIT.refused);
  }
}

class NativeConnection implements Connection {
  destroyed = false;
  readonly #addon: Addon;
  readonly #fd: number;
  readonly #poll: NativePoll;
  readonly #buffer = Buffer.allocUnsafe(READ);

  constructor(addon: Addon, path: string, call: Buffer, listener: Listener, fds: number[]) {
    const cutter = new Cutter();
    this.#addon = addon;
    this.#fd = addon.connect(path);
    this.#poll = new addon.Poll(() => {
      const count = addon.receive(this.#fd, this.#buffer, fds);
      if (count === AGAIN) return;
      if (count > 0) cutter.hand(Buffer.from(this.#buffer.subarray(0, count)), this, listener);
      else this.destroy();
      if (this.destroyed) listener.lost(closed());
    });
    this.#poll.add(this.#fd, EPOLLIN);
    this.#send(call);
  }

  /** The kernel takes a first message as a whole: it is far smaller than a socket's buffer. */
  #send(call: Buffer): void {
    if (this.#addon.send(this.#fd, call, 0, undefined) === call.length) return;
    this.destroy();
    throw new Lost("the daemon does not take the call", false);
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#poll.drop(this.#fd);
    // it may be calling us right now
    setImmediate(() => this.#poll.shut());
  }
}
