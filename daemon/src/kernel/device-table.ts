/** The devices of all seats as they were told last, and what is new about them. */

import { isSeatName } from "../core/names.ts";
import type { Device, DeviceKind } from "../core/seat-model.ts";
import { SEAT0 } from "../core/seats.ts";
import type { RawDevice } from "./addon.ts";

export interface DeviceChanges {
  readonly changed: readonly Device[];
  readonly removed: readonly string[];
}

/** What can be taken, by subsystem and name. */
const KINDS: readonly (readonly [DeviceKind, string, RegExp])[] = [
  ["drm", "drm", /^card[0-9]+$/],
  ["render", "drm", /^renderD[0-9]+$/],
  ["evdev", "input", /^event[0-9]+$/],
  ["hidraw", "hidraw", /^hidraw[0-9]+$/],
];

/** What is shown as a seat's whatever its tags are. */
const SHOWN: readonly (readonly [string, RegExp])[] = [
  ["input", /^input[0-9]+$/],
  ["graphics", /^fb[0-9]+$/],
];

/** Subsystems in which there are devices without a tag that belong to seats. */
export const SUBSYSTEMS = ["drm", "input", "graphics", "hidraw"] as const;

export function kindOf({ subsystem, name }: Pick<RawDevice, "subsystem" | "name">): DeviceKind | null {
  return KINDS.find(([, of, names]) => of === subsystem && names.test(name))?.[0] ?? null;
}

function belongs(raw: RawDevice): boolean {
  if (raw.tags.length > 0 || kindOf(raw) !== null) return true;
  return SHOWN.some(([subsystem, names]) => subsystem === raw.subsystem && names.test(raw.name));
}

const NOTHING: DeviceChanges = { changed: [], removed: [] };

export class DeviceTable {
  readonly #misnamed: (raw: RawDevice) => void;
  readonly #complained = new Set<string>();
  readonly #raw = new Map<string, RawDevice>();
  #statics: readonly Device[] = [];
  #told: ReadonlyMap<string, Device> = new Map();
  readonly #again = new Set<string>();
  /** Something was noted since it was last looked what is new. */
  #stale = false;

  /** misnamed is called once for each device with a seat that cannot be one. */
  constructor(misnamed: (raw: RawDevice) => void) {
    this.#misnamed = misnamed;
  }

  paths(): Iterable<string> {
    return this.#raw.keys();
  }

  known(path: string): RawDevice | undefined {
    return this.#raw.get(path);
  }

  /** Nodes that are there before their devices are; a device that has the node counts more. */
  setStatics(nodes: readonly Device[]): void {
    this.#statics = nodes;
    this.#stale = true;
  }

  /** Notes what a device is like now; null: there is none. */
  note(path: string, now: RawDevice | null): void {
    const before = this.#raw.get(path);
    const after = now !== null && now.path === path && this.#usable(now) ? now : undefined;
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    this.#stale = true;
    if (after === undefined) this.#raw.delete(path);
    else this.#raw.set(path, after);
  }

  /** It is told even if it is as before: its node may be another one, or has lost its access list. */
  tellAgain(path: string): void {
    this.#again.add(path);
  }

  #usable(raw: RawDevice): boolean {
    if (!raw.initialized || !belongs(raw)) return false;
    if (raw.seat === "" || isSeatName(raw.seat)) return true;
    const complaint = `${raw.path}\0${raw.seat}`;
    if (!this.#complained.has(complaint)) this.#misnamed(raw);
    this.#complained.add(complaint);
    return false;
  }

  /** As it is told: with the nearest known one above it. */
  describe(raw: RawDevice): Device {
    const { path, subsystem, name, node, major, minor, block, tags, idForSeat } = raw;
    return {
      path,
      parent: this.#parentOf(path),
      subsystem,
      name,
      node,
      number: node === "" ? null : { major, minor, block },
      seat: raw.seat === "" ? SEAT0 : raw.seat,
      master: tags.includes("master-of-seat"),
      uaccess: tags.includes("uaccess"),
      assignable: tags.includes("seat"),
      idForSeat,
    };
  }

  #parentOf(path: string): string {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const above = path.slice(0, end);
      if (this.#raw.has(above)) return above;
    }
    return "";
  }

  /** What is otherwise than it was told, or is to be told again. */
  changes(): DeviceChanges {
    if (!this.#stale && this.#again.size === 0) return NOTHING;
    const now = this.#current();
    const isNew = (device: Device) =>
      this.#again.has(device.path) || !same(this.#told.get(device.path), device);
    const changed = [...now.values()].filter(isNew);
    const removed = [...this.#told.keys()].filter((path) => !now.has(path));
    this.#told = now;
    this.#again.clear();
    return { changed, removed };
  }

  /** All there are; they count as told. */
  all(): readonly Device[] {
    this.#told = this.#current();
    this.#again.clear();
    return [...this.#told.values()];
  }

  #current(): Map<string, Device> {
    this.#stale = false;
    const now = new Map<string, Device>();
    const nodes = new Set<string>();
    for (const raw of this.#raw.values()) {
      now.set(raw.path, this.describe(raw));
      nodes.add(raw.node);
    }
    for (const node of this.#statics) if (!nodes.has(node.node)) now.set(node.path, node);
    return now;
  }
}

function same(one: Device | undefined, other: Device): boolean {
  if (one === undefined || one.number?.major !== other.number?.major) return false;
  if (one.number?.minor !== other.number?.minor || one.number?.block !== other.number?.block) return false;
  const keys = [
    "parent",
    "subsystem",
    "name",
    "node",
    "seat",
    "master",
    "uaccess",
    "assignable",
    "idForSeat",
  ] as const;
  return keys.every((key) => one[key] === other[key]);
}
