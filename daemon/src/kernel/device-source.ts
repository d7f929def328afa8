/** Where the kernel room looks devices up: in udev's records, or where there is no udev in /sys. */

import type { Device, DeviceNumber } from "../core/seat-model.ts";
import type { RawDevice } from "./addon.ts";

export interface DeviceSource {
  /** Paths of all that may belong to seats. */
  paths(): Iterable<string>;
  device(path: string): RawDevice | null;
  numbered(number: DeviceNumber): RawDevice | null;
  /** Nodes that are there before their devices are. */
  statics(): readonly Device[];
}
