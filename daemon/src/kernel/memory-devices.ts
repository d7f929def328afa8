/**
 * What of a simulated machine has to do with seats and outlives the daemon: devices, access lists, and what the keeper
 * holds. A test acts on it; memory-seats.ts serves a daemon from it.
 */

import type { Uid } from "../core/model.ts";
import type { Held } from "../core/seat-events.ts";
import type { Device } from "../core/seat-model.ts";
import type { GettyOrder } from "../loop/seat-ports.ts";
import type { MemoryKept } from "./memory-kept.ts";
import type { GettyEnd, NodeAccess } from "./seat-kernel.ts";

/** A device that the keeper has open. */
export interface MemoryTaken {
  readonly node: string;
  readonly vt: number;
  /** Who is killed if it cannot be muted. */
  readonly pid: number;
  active: boolean;
  /** Descriptors of it that were given out and not closed, live or not. */
  readonly fds: Set<number>;
}

export type KeeperOrder = "takeVt" | "openDevice" | "pauseDevice" | "resumeDevice" | "closeDevice";

/** What a running daemon wants to hear. */
interface Listener {
  devicesChanged(changed: readonly Device[], removed: readonly string[]): void;
  vtLeft(vt: number): void;
  gettyEnded(end: GettyEnd): void;
}

const NO_ACCESS: NodeAccess = { uid: 0, gid: 0, mode: 0o660, users: [], groups: [] };

export class MemoryDevices {
  /** By path. */
  readonly devices = new Map<string, Device>();
  /** By node. */
  readonly access = new Map<string, NodeAccess>();
  /** By key. */
  readonly taken = new Map<number, MemoryTaken>();
  /** VTs that the keeper holds, and for whom. */
  readonly vts = new Map<number, Uid>();
  /** VTs that somebody has opened. */
  readonly allocated = new Set<number>();
  /** Gettys that it has started, by VT: what was executed. */
  readonly gettys = new Map<number, readonly string[]>();
  /** VTs that somebody has open. */
  readonly busy = new Set<number>();
  /** Connections to the seatd socket that it keeps. */
  readonly kept = new Map<number, MemoryKept>();
  nextKept = 1;
  /** Seat and brightness of backlights and LEDs, by "backlight/NAME". */
  readonly lamps = new Map<string, { readonly seat: string; value: number }>();
  /** Rules of assignments: seat by ID_FOR_SEAT. */
  readonly rules = new Map<string, string>();
  /** Devices that udev was asked to look at again. */
  readonly triggered: string[] = [];
  /** Nodes at which access lists cannot be set. */
  readonly broken = new Set<string>();
  listener: Listener | null = null;
  readonly #refusals = new Map<KeeperOrder, string[]>();

  /** It is there from now on, or is otherwise than before. */
  plug(device: Device): void {
    this.devices.set(device.path, device);
    if (device.node !== "" && !this.access.has(device.node)) this.access.set(device.node, NO_ACCESS);
    this.listener?.devicesChanged([device], []);
  }

  unplug(path: string): void {
    const device = this.devices.get(path);
    if (device === undefined) return;
    this.devices.delete(path);
    this.access.delete(device.node);
    this.listener?.devicesChanged([], [path]);
  }

  /** The keeper answers the next order of that kind with this errno. */
  refuse(order: KeeperOrder, errno: string): void {
    this.#refusals.set(order, [...(this.#refusals.get(order) ?? []), errno]);
  }

  /** The errno that the test asked for, or null. */
  refusal(order: KeeperOrder): string | null {
    return this.#refusals.get(order)?.shift() ?? null;
  }

  /** Somebody switches away from a VT that the keeper holds: it mutes, acknowledges and tells. */
  leave(vt: number): void {
    if (!this.vts.has(vt)) return;
    for (const taken of this.taken.values()) if (taken.vt === vt) taken.active = false;
    this.listener?.vtLeft(vt);
  }

  startGetty({ vt, command, anyway }: GettyOrder): void {
    if (this.gettys.has(vt)) return;
    if (this.busy.has(vt) && !anyway) this.listener?.gettyEnded({ vt, error: "EBUSY", how: "" });
    else this.gettys.set(vt, command);
  }

  endGetty(vt: number): void {
    if (this.gettys.delete(vt)) this.listener?.gettyEnded({ vt, error: null, how: "exit code 0" });
  }

  held(): Held {
    return {
      devices: [...this.taken].map(([key, { active }]) => ({ key, active })),
      vts: [...this.vts.keys()],
      gettys: [...this.gettys.keys()],
      clients: [...this.kept.keys()],
    };
  }

  /** Users who may read and write, by node. */
  granted(node: string): readonly Uid[] {
    const users = this.access.get(node)?.users ?? [];
    return users.filter(({ permissions }) => (permissions & 6) === 6).map(({ uid }) => uid);
  }

  setUsers(node: string, users: NodeAccess["users"]): void {
    this.access.set(node, { ...(this.access.get(node) ?? NO_ACCESS), users });
  }
}
