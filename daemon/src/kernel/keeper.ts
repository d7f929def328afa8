/** The daemon's end of the channel to the keeper: every order to it, and what it holds for us. */

import type { DeviceKind } from "../core/seat-model.ts";
import type { Done } from "../loop/seat-ports.ts";
import type { Addon } from "./addon.ts";
import { AGAIN } from "./addon.ts";
import type { Base } from "./base.ts";
import { fits, OP, type Order, Outbox, RECORD_SIZE, Received } from "./channel.ts";
import { type HeldByKeeper, nothingHeld, readHeld } from "./held.ts";
import { KernelError } from "./kernel.ts";
import { type Answer, GONE, Orders } from "./orders.ts";
import { READABLE, WRITABLE } from "./poller.ts";

/** A device to open; vt: in whose foreground alone it may be live, 0 for any. */
export interface KeptDevice {
  readonly key: number;
  readonly kind: DeviceKind;
  readonly major: number;
  readonly minor: number;
  readonly node: string;
  readonly vt: number;
  readonly active: boolean;
}

export type Opened = { readonly active: boolean } | { readonly errno: string };

/** Errors are symbolic, such as "EBUSY"; ENOTCONN: the keeper is gone. Nothing is called back before the order returns. */
export interface Keeper {
  ready(): void;
  onStop(stopped: () => void): void;
  emptyDirectory(path: string, uid: number, gid: number, done: Done): void;
  /** Has sessionman-run started in that control group; "-" for none. The listening socket is closed here in any case. */
  run(group: string, given: readonly string[], listener: number): void;
  /** pidfd: who is killed when the device cannot be muted; it is closed here in any case. */
  openDevice(device: KeptDevice, pidfd: number, opened: (result: Opened) => void): void;
  pauseDevice(key: number, done: Done): void;
  resumeDevice(key: number, done: Done): void;
  closeDevice(key: number, done: Done): void;
  /** What came with the last answer about that device, once: the caller sends or closes it. -1 if nothing did. */
  descriptorOf(key: number): number;
  takeVt(vt: number, uid: number, done: Done): void;
  releaseVt(vt: number): void;
  /** Somebody has switched away from that VT, and its devices are mute. */
  onVtLeft(left: (vt: number) => void): void;
  /** Has a getty started on that VT, in that control group; "-" for the keeper's own. */
  startGetty(vt: number, group: string, command: readonly string[], anyway: boolean): void;
  /** errno: why it could not be started; else 0 and the wait status. */
  onGettyEnded(ended: (vt: number, errno: number, status: number) => void): void;
  /** Has the connection kept under that number; the descriptor stays the caller's. False if that cannot be. */
  keep(number: number, fd: number): boolean;
  /**
   * Discards so much of what the connection has received and sends these bytes, both or neither, whenever the daemon
   * dies; descriptor -1 for none, it is closed here in any case. EAGAIN: nothing was done, the peer takes no more.
   */
  answer(number: number, request: number, bytes: Uint8Array, descriptor: number, done: Done): void;
  forget(number: number): void;
  /** Takes up all that the keeper has sent: what it did before something else happened is told before that. */
  catchUp(): void;
  /** What an earlier daemon left. The connections are the caller's. */
  held(): HeldByKeeper;
}

export const CHANNEL_FD = 3;
/** The instance lock: the daemon only has to keep it from its children. */
const LOCK_FD = 6;
/** Records that are taken up before it is somebody else's turn. */
const AT_ONCE = 32;

function adoptLock(addon: Addon): void {
  try {
    addon.adopt(LOCK_FD);
  } catch {
    // a keeper that gave no lock
  }
}

/** Descriptors that came with devices and that nobody has asked for yet. */
class Descriptors {
  readonly #byKey = new Map<number, number>();
  readonly #addon: Addon;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  put(key: number, fd: number): void {
    this.drop(key);
    if (fd >= 0) this.#byKey.set(key, fd);
  }

  take(key: number): number {
    const fd = this.#byKey.get(key) ?? -1;
    this.#byKey.delete(key);
    return fd;
  }

  drop(key: number): void {
    const fd = this.take(key);
    if (fd >= 0) this.#addon.close(fd);
  }
}

interface Channel {
  readonly base: Base;
  readonly orders: Orders;
  readonly send: (order: Order, fd?: number) => boolean;
}

type DeviceOrders = Pick<
  Keeper,
  "openDevice" | "pauseDevice" | "resumeDevice" | "closeDevice" | "descriptorOf"
>;

function deviceOrders({ base, orders }: Channel): DeviceOrders {
  const descriptors = new Descriptors(base.addon);
  return {
    openDevice({ key, kind, major, minor, node, vt, active }, pidfd, opened) {
      const text = [kind, vt, active ? 1 : 0, node].join("\0");
      const order = { op: OP.openDevice, value: key, uid: major, gid: minor, text };
      const answered = ({ error, live, fd }: Answer) => {
        descriptors.put(key, fd);
        opened(error === null ? { active: live } : { errno: error });
      };
      orders.give(order, answered, pidfd);
    },
    pauseDevice(key, done) {
      orders.give({ op: OP.pauseDevice, value: key }, ({ error }) => done(error));
    },
    resumeDevice(key, done) {
      orders.give({ op: OP.resumeDevice, value: key }, ({ error, fd }) => {
        descriptors.put(key, fd);
        done(error);
      });
    },
    closeDevice(key, done) {
      descriptors.drop(key);
      orders.give({ op: OP.closeDevice, value: key }, ({ error }) => {
        // and what came with the answer to an earlier order
        descriptors.drop(key);
        done(error);
      });
    },
    descriptorOf: (key) => descriptors.take(key),
  };
}

type OtherOrders = Pick<
  Keeper,
  "ready" | "emptyDirectory" | "run" | "takeVt" | "releaseVt" | "startGetty" | "keep" | "answer" | "forget"
>;

function otherOrders({ base, orders, send }: Channel): OtherOrders {
  return {
    ready: () => void send({ op: OP.ready }),
    emptyDirectory(path, uid, gid, done) {
      orders.give({ op: OP.emptyDirectory, uid, gid, text: path }, ({ error }) =>
        done(error === null ? null : `the keeper could not empty ${path}: ${error}`),
      );
    },
    run(group, given, listener) {
      // an empty string ends the list; what follows in the record is zero
      const text = [group, ...given, ""].join("\0");
      if (fits(text) && send({ op: OP.run, text }, listener)) return;
      base.addon.close(listener);
      throw new KernelError("sendmsg", fits(text) ? GONE : "E2BIG", "to the keeper");
    },
    takeVt(vt, uid, done) {
      orders.give({ op: OP.takeVt, value: vt, uid }, ({ error }) => done(error));
    },
    releaseVt: (vt) => void send({ op: OP.releaseVt, value: vt }),
    startGetty(vt, group, command, anyway) {
      // an empty string ends the list, as above
      const text = [group, ...command, ""].join("\0");
      void send({ op: OP.startGetty, value: vt, uid: anyway ? 1 : 0, text });
    },
    keep(number, fd) {
      const copy = base.addon.duplicate(fd);
      if (send({ op: OP.keep, value: number }, copy)) return true;
      base.addon.close(copy);
      return false;
    },
    answer(number, request, bytes, descriptor, done) {
      const order = { op: OP.answer, value: number, uid: request, gid: bytes.length, bytes };
      orders.give(order, ({ error }) => done(error), descriptor);
    },
    forget: (number) => void send({ op: OP.forget, value: number }),
  };
}

export function createKeeper(base: Base, fd: number): Keeper {
  const { addon, poller } = base;
  const exists = addon.isPacketSocket(fd);
  const outbox = exists ? new Outbox(base, fd) : null;
  const send = (order: Order, sent?: number) => outbox?.send(order, sent) ?? false;
  const orders = new Orders(base, send);
  const channel = { base, orders, send };
  const buffer = Buffer.alloc(RECORD_SIZE);
  let stopped: (() => void) | null = null;
  let open = exists;
  let left: (vt: number) => void = () => {};
  let gettyEnded: (vt: number, errno: number, status: number) => void = () => {};
  let held = nothingHeld();

  const end = () => {
    open = false;
    outbox?.shut();
    poller.drop(fd);
    orders.end();
    stopped?.();
  };

  /** Whether there was something. */
  const received = (): boolean => {
    const fds: number[] = [];
    const count = addon.receive(fd, buffer, fds);
    if (count === AGAIN) return false;
    if (count !== RECORD_SIZE) {
      end();
      return false;
    }
    const record = new Received(buffer, fds);
    if (record.op === OP.vtLeft) left(record.value);
    if (record.op === OP.gettyEnded) gettyEnded(record.value, record.uid, record.gid);
    if (record.op === OP.done && orders.answer(record)) return true;
    for (const each of fds) addon.close(each);
    return true;
  };

  if (exists) {
    addon.adopt(fd);
    adoptLock(addon);
    held = readHeld(addon, fd);
    poller.watch(fd, READABLE, (events) => {
      if ((events & WRITABLE) !== 0) outbox?.flush();
      if ((events & ~WRITABLE) === 0) return;
      // a switch has an answer for each of many devices
      for (let i = 0; i < AT_ONCE && open && received(); i++);
    });
  }
  return {
    ...deviceOrders(channel),
    ...otherOrders(channel),
    onStop(listener) {
      stopped = listener;
      if (exists && !open) setImmediate(listener);
    },
    onVtLeft(listener) {
      left = listener;
    },
    onGettyEnded(listener) {
      gettyEnded = listener;
    },
    catchUp() {
      while (open && received());
    },
    held: () => held,
  };
}
