/** Seats and devices in the World. */

import type { Controller, Requester, SessionId, Uid } from "./model.ts";

/** What can be taken; render: a node that shows nothing and has no master, over seatd only. */
export type DeviceKind = "drm" | "evdev" | "hidraw" | "render";

/** Numbers of a character device. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** A device that belongs to a seat, as udev knows it. */
export interface Device {
  /** "/sys/devices/…"; "static:" and the node for one that udev only knows by name. */
  readonly path: string;
  /** The nearest one above it that belongs to a seat too; "" at the top. */
  readonly parent: string;
  readonly subsystem: string;
  readonly name: string;
  /** "/dev/dri/card0"; "" without. */
  readonly node: string;
  /** null without a node. block: a block device, which cannot be taken. */
  readonly number: (DeviceNumber & { readonly block: boolean }) | null;
  readonly seat: string;
  /** The tags master-of-seat, uaccess and seat, as they are now. */
  readonly master: boolean;
  readonly uaccess: boolean;
  readonly assignable: boolean;
  /** ID_FOR_SEAT: what an assignment goes by; "" if it cannot be assigned. */
  readonly idForSeat: string;
}

/** A device that the controller of a session has open. */
export interface Taken extends DeviceNumber {
  /** By this number the keeper knows it; never used again while the keeper lives. */
  readonly key: number;
  readonly kind: DeviceKind;
  readonly node: string;
  readonly path: string;
  /**
   * opening, pausing, resuming: the keeper has the order. asked: the controller was asked to pause by itself, on a
   * seat without VTs. gone: it is being closed, and nobody is told of it any more.
   */
  readonly state: "opening" | "active" | "asked" | "pausing" | "paused" | "resuming" | "gone";
  /** What the controller was told last. */
  readonly told: "active" | "paused";
}

export interface Seat {
  readonly id: string;
  /** Only seat0 can have them. */
  readonly hasVts: boolean;
  /** The virtual terminal in the foreground; 0 when unknown or without VTs. */
  readonly activeVt: number;
  /** Has a device with the tag master-of-seat: can show something. */
  readonly graphical: boolean;
  /** Sessions of the seat that are not closing, oldest first. */
  readonly sessions: readonly SessionId[];
  /** Without VTs: the session that is to be in the foreground, by request or because it came last. */
  readonly chosen: SessionId | null;
  /**
   * The session in the foreground. It lags behind what the VT or the choice says until no other session of the seat
   * has a device that is not muted.
   */
  readonly active: SessionId | null;
  /** Users who may have an entry of ours in the access lists of the seat's devices, also after a crash. */
  readonly granted: readonly Uid[];
}

/** Somebody waits for the control of a session until the keeper has prepared its VT. */
export interface Takeover {
  readonly requester: Requester;
  readonly controller: Controller;
  readonly force: boolean;
}
