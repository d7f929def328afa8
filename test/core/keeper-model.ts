/**
 * The keeper of a simulated machine: it outlives daemons, carries orders out one after the other when it comes to it,
 * mutes what belongs to a terminal that is left by itself, and kills whom it cannot mute.
 */

import type { Held } from "../../daemon/src/core/seat-events.ts";
import type { DeviceOrder } from "../../daemon/src/loop/seat-ports.ts";
import { GettyModel } from "./getty-model.ts";
import type { Hardware, OpenFile } from "./hardware.ts";

interface Kept {
  readonly key: number;
  file: OpenFile;
  readonly vt: number;
  readonly pid: number;
}

export type Opened = { readonly active: boolean } | { readonly errno: string };

export class KeeperModel {
  readonly devices = new Map<number, Kept>();
  readonly vts = new Set<number>();
  readonly connections = new Set<number>();
  readonly gettys = new GettyModel();
  /** Devices that cannot be muted. */
  readonly stubborn = new Set<string>();
  /** Terminals that cannot be prepared. */
  readonly broken = new Set<number>();
  readonly wereBroken = new Set<number>();
  /** Orders of the daemon that were not looked at yet. */
  readonly #inbox: (() => void)[] = [];
  /** What the daemon has not read yet. */
  readonly #outbox: (() => void)[] = [];
  readonly #hardware: Hardware;
  readonly #kill: (pid: number) => void;

  constructor(hardware: Hardware, kill: (pid: number) => void) {
    this.#hardware = hardware;
    this.#kill = kill;
  }

  order(action: () => void): void {
    this.#inbox.push(action);
  }

  tell(news: () => void): void {
    this.#outbox.push(news);
  }

  /** One order; answers whether there was one. */
  work(): boolean {
    const order = this.#inbox.shift();
    order?.();
    return order !== undefined;
  }

  /** The daemon reads one record. */
  deliver(): boolean {
    const news = this.#outbox.shift();
    news?.();
    return news !== undefined;
  }

  get busy(): boolean {
    return this.#inbox.length > 0 || this.#outbox.length > 0;
  }

  /** The daemon is gone: what it had ordered is done up to some point, and nobody reads the answers. */
  disconnect(orders: number): void {
    for (let i = 0; i < orders && this.work(); i++);
    this.#inbox.length = 0;
    this.#outbox.length = 0;
  }

  /**
   * Another keeper: the files stay with those who were given them. What it was to close it has closed: no record names
   * that any more, and to name it would get those killed whose daemon dies before it knows that all is closed.
   */
  die(): void {
    while (this.work());
    this.devices.clear();
    this.vts.clear();
    this.connections.clear();
    this.gettys.lose();
    this.#inbox.length = 0;
    this.#outbox.length = 0;
  }

  held(): Held {
    return {
      devices: [...this.devices.values()].map(({ key, file }) => ({ key, active: file.live })),
      vts: [...this.vts],
      gettys: this.gettys.held,
      clients: [...this.connections],
    };
  }

  #shown(vt: number): boolean {
    return vt === 0 || vt === this.#hardware.activeVt;
  }

  open({ device, vt, pid, active }: DeviceOrder): Opened {
    this.close(device.key);
    if (this.devices.size >= 512) return { errno: "EMFILE" };
    const name = device.node.slice(device.node.lastIndexOf("/") + 1);
    const file = this.#hardware.open(name);
    if (file === null) return { errno: "ENODEV" };
    this.devices.set(device.key, { key: device.key, file, vt, pid });
    const live = file.kind === "render" || (active && this.#shown(vt) && file.live);
    if (!live) file.live = false;
    return { active: live };
  }

  /** Null, or what went wrong; the controller is dead then, and the device dropped. */
  pause(key: number): string | null {
    const kept = this.devices.get(key);
    if (kept === undefined) return "ENOENT";
    if (!kept.file.live || kept.file.kind === "render") return null;
    if (this.stubborn.has(kept.file.name)) {
      this.#kill(kept.pid);
      this.devices.delete(key);
      return "EIO";
    }
    kept.file.live = false;
    return null;
  }

  resume(key: number): string | null {
    const kept = this.devices.get(key);
    if (kept === undefined) return "ENOENT";
    if (!this.#shown(kept.vt)) return "EBUSY";
    if (kept.file.kind === "drm") return this.#hardware.makeMaster(kept.file) ? null : "EBUSY";
    if (kept.file.live) return null;
    const fresh = this.#hardware.open(kept.file.name);
    if (fresh === null) return "ENODEV";
    kept.file = fresh;
    return null;
  }

  close(key: number): string | null {
    const error = this.devices.has(key) ? this.pause(key) : null;
    const kept = this.devices.get(key);
    if (kept !== undefined && kept.file.kind !== "render") kept.file.live = false;
    this.devices.delete(key);
    return error;
  }

  takeVt(vt: number): string | null {
    if (this.broken.has(vt)) {
      this.wereBroken.add(vt);
      return "EIO";
    }
    this.vts.add(vt);
    this.#hardware.graphics.add(vt);
    return null;
  }

  /** Also one that an earlier keeper held. */
  releaseVt(vt: number): void {
    this.vts.delete(vt);
    this.#hardware.graphics.delete(vt);
  }

  /** The terminals on which it has muted something: those in the background. */
  muteBackground(): Set<number> {
    const muted = new Set<number>();
    for (const { key, vt, file } of [...this.devices.values()]) {
      if (this.#shown(vt) || !file.live) continue;
      muted.add(vt);
      this.pause(key);
    }
    return muted;
  }

  /** The kernel asks before it lets somebody away from a terminal that is held; answers whether it is. */
  leave(vt: number): boolean {
    if (!this.vts.has(vt)) return false;
    for (const kept of [...this.devices.values()]) if (kept.vt === vt) this.pause(kept.key);
    return true;
  }

  /** The open files it has. */
  get files(): ReadonlySet<OpenFile> {
    return new Set([...this.devices.values()].map(({ file }) => file));
  }
}
