/** What the kernel room offers for seats and devices, beside the orders of the core. */

import type { Uid } from "../core/model.ts";
import type { Held, Takeable } from "../core/seat-events.ts";
import type { Device, DeviceNumber } from "../core/seat-model.ts";
import type { Done } from "../loop/seat-ports.ts";
import type { ListenLimits, Peer } from "./kernel.ts";

export interface DeviceNews {
  /** All there are: first, and again whenever some news may have been lost. */
  found(devices: readonly Device[]): void;
  /** changed: new ones and those that are otherwise than before; removed: by path. */
  changed(changed: readonly Device[], removed: readonly string[]): void;
}

/** The end of the getty of a virtual terminal. */
export interface GettyEnd {
  readonly vt: number;
  /** The symbolic errno where it could not be started; null where it ran. */
  readonly error: string | null;
  /** In words, such as "exit code 1". */
  readonly how: string;
}

/** Who may open a node, as its inode says. */
export interface NodeAccess {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, nine of them; with an access list the middle three are its mask. */
  readonly mode: number;
  /**
   * Entries for users and groups by number; permissions 0 to 7, before the mask. With an access list the node's own
   * group is among the groups.
   */
  readonly users: readonly { readonly uid: Uid; readonly permissions: number }[];
  readonly groups: readonly { readonly gid: number; readonly permissions: number }[];
}

/** A connection that lasts when the daemon ends. */
export interface KeptConnection {
  /** The next daemon knows it by this number, too. */
  readonly number: number;
  readonly peer: Peer;
  /** An earlier daemon had it. */
  readonly restored: boolean;
  /** What an earlier daemon was sent and was not done with; nothing of a new connection. */
  readonly waiting: Buffer;
  /** Queues bytes; the fds are sent with them and closed here afterwards, whatever happens. */
  send(bytes: Uint8Array, fds?: readonly number[]): void;
  /** Bytes queued and not yet taken by the kernel. */
  readonly queued: number;
  /**
   * Sends, as send() does, the answer to so many of the bytes that were shown, which are done with by that: the next
   * daemon finds neither. Those whose answer waits to be sent are done with when it is.
   */
  answer(length: number, bytes: Uint8Array, fds?: readonly number[]): void;
  /** So many of the bytes that were shown are done with. None: they are shown again in a moment, with what came. */
  proceed(bytes: number): void;
  /** After what is queued has been sent (or its peer is gone): also the next daemon has it no more. Idempotent. */
  close(): void;
}

export interface KeptHandler {
  /** The beginning of what has come and is not done with. Nothing more is shown until proceed(). */
  received(bytes: Buffer): void;
  /** Called once, after the connection has ended for any reason but our own close(). */
  ended(): void;
}

export interface SeatKernel {
  /**
   * Serves an inherited listening socket whose connections outlive the daemon: first, before this returns, those of an
   * earlier daemon. null refuses. False if there is no such socket; the connections of the earlier daemon are served
   * in any case.
   */
  serveKept(
    fd: number,
    limits: ListenLimits,
    accepted: (connection: KeptConnection) => KeptHandler | null,
  ): boolean;
  /** What the keeper holds for an earlier daemon; known since the start. */
  held(): Held;
  /**
   * Called when the keeper has let somebody away from a VT that it holds. shown: the VT in the foreground at that moment,
   * which may yet be the same one; 0 if it is not known.
   */
  onVtLeft(left: (vt: number, shown: number) => void): void;
  /** Called for each getty that was ordered, also by an earlier daemon: how it ended, or why it was not started. */
  onGettyEnded(ended: (end: GettyEnd) => void): void;
  /** News of devices; found is called before this returns. Without udev: what /sys shows, once, all of it on seat0. */
  watchDevices(news: DeviceNews): void;
  /** What udev says now of the device with that number, and how it is taken; null if it is none that can be. */
  findDevice(number: DeviceNumber): Takeable | null;
  /**
   * The same by a node's name, links followed; null for a name that leads out of /dev. Throws what realpath throws.
   */
  findNode(path: string): Takeable | null;
  /**
   * The descriptor that the keeper sent when the device was opened or resumed, once; the caller sends or closes it.
   * -1 if there is none.
   */
  descriptorOf(key: number): number;
  /**
   * Which of these texts are in the file of the library that the process has mapped, such as "libseat"; null if that
   * cannot be told. Called once, soon, never before this returns.
   */
  searchLibrary(
    pid: number,
    library: string,
    texts: readonly string[],
    found: (texts: readonly string[] | null) => void,
  ): void;
  /** null if that is no device node; links are not followed. */
  readAccess(node: string): NodeAccess | null;
  /** Seat of a backlight or an LED; null if there is no such device. */
  brightnessSeat(subsystem: "backlight" | "leds", name: string): string | null;
  /** Its driver may take its time, and nobody waits meanwhile. done: with the symbolic errno where it failed. */
  setBrightness(subsystem: "backlight" | "leds", name: string, value: number, done: Done): void;
  /** Writes the rule that puts the device on the seat, and has udev look at it again. path: below /sys. */
  attachDevice(seat: string, path: string): void;
  /** Removes all such rules, and has udev look again. */
  flushDevices(): void;
  /** Has udev look at the device and those below it again. */
  triggerDevice(path: string): void;
}
