/** What the kernel of a simulated machine knows of devices: nodes and their access lists, open files, terminals. */

import type { Takeable } from "../../daemon/src/core/seat-events.ts";
import type { Device, DeviceKind } from "../../daemon/src/core/seat-model.ts";
import type { Process } from "./machine.ts";
import { deviceOf } from "./seat-words.ts";

/** An open file of a device. Whoever lost it can never mute it. */
export interface OpenFile {
  readonly name: string;
  readonly kind: DeviceKind;
  /** evdev: not revoked; drm: is the card's master. */
  live: boolean;
  /** Who was given it. */
  readonly holders: Set<Process>;
}

export type Found = Takeable | { readonly device: Device; readonly kind: null };

export class Hardware {
  /** By name, such as "card0". */
  readonly devices = new Map<string, Found>();
  /** Users with an entry, by name of the device. */
  readonly access = new Map<string, Set<number>>();
  /** Nodes in whose lists udev's own helper has written since we have last. */
  readonly tampered = new Set<string>();
  readonly files = new Set<OpenFile>();
  activeVt: number;
  /** Terminals that show graphics and hear no key, whoever made them so. */
  readonly graphics = new Set<number>();

  constructor(activeVt: number) {
    this.activeVt = activeVt;
  }

  plug(word: string): Device {
    const found = deviceOf(word);
    const { device } = found;
    this.devices.set(device.name, found);
    if (!this.access.has(device.name)) this.access.set(device.name, new Set());
    return device;
  }

  unplug(name: string): void {
    this.devices.delete(name);
    this.access.delete(name);
    for (const file of this.files) if (file.name === name) file.live = false;
  }

  /** By "226:0"; null: there is none. */
  find(number: string): Found | null {
    for (const found of this.devices.values()) {
      const { number: has } = found.device;
      if (has !== null && `${has.major}:${has.minor}` === number) return found;
    }
    return null;
  }

  isMaster(name: string): boolean {
    return [...this.files].some((file) => file.name === name && file.kind === "drm" && file.live);
  }

  /** null: there is no such node. The first who opens a card is its master. */
  open(name: string): OpenFile | null {
    const kind = this.devices.get(name)?.kind;
    if (kind == null) return null;
    const file: OpenFile = { name, kind, live: kind !== "drm" || !this.isMaster(name), holders: new Set() };
    this.files.add(file);
    return file;
  }

  makeMaster(file: OpenFile): boolean {
    if (file.live) return true;
    if (!this.devices.has(file.name) || this.isMaster(file.name)) return false;
    file.live = true;
    return true;
  }

  /** A file that nobody has open any more is gone. */
  sweep(kept: ReadonlySet<OpenFile>): void {
    for (const file of this.files) {
      for (const holder of file.holders) if (!holder.alive) file.holders.delete(holder);
      if (file.holders.size === 0 && !kept.has(file)) this.files.delete(file);
    }
  }
}
