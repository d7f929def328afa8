/** Seats and devices in the World. */

import type { Controller, Requester, SessionId, Uid } from "./model.ts";
import type { Table } from "./table.ts";

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
   * seat without VTs.
   */
  readonly state: "opening" | "active" | "asked" | "pausing" | "paused" | "resuming";
  /** What the controller was told last; while opening, what it will be told at the best. */
  readonly told: "active" | "paused";
  /**
   * How often it is tried yet to make it live before its session leaves the foreground. None when its controller put
   * it down by itself.
   */
  readonly tries: number;
  /** Its controller was sent the answer, so that it has it; over seatd it is not asked for that. */
  readonly answered: boolean;
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

/** The keeper prepares the VT of a session for who is to control it. Only one at a time. */
export interface Takeover {
  /** Who waits for it; null: nobody, it is prepared again for who controls the session already. */
  readonly requester: Requester | null;
  /** null: who waited has an answer already, because it is gone, or the session is closing. */
  readonly controller: Controller | null;
  readonly vt: number;
}

/** A device that belongs to no session any more and may be live until the keeper has closed it. */
export interface Dropped {
  /** The seat on which nobody else comes into the foreground before; null: on every one. */
  readonly seat: string | null;
  /** Whose it was; null when no record tells. */
  readonly session: SessionId | null;
}

/** The getty of a virtual terminal. */
export interface Getty {
  /**
   * running: the keeper has the order or the process; due: it has ended before the session on its terminal; off: there
   * is none until something asks for one.
   */
  readonly state: "running" | "due" | "off";
  /** When those of this terminal were started, monotonic; only those of the last minute count. */
  readonly starts: readonly number[];
  /** Why none could be started, as was said last; "" for nothing. */
  readonly said: string;
}

/** What the World knows of seats and devices. */
export interface SeatWorld {
  /** By id; seat0 is always there. */
  readonly seats: Table<string, Seat>;
  /** By path. */
  readonly devices: Table<string, Device>;
  /** All devices were told once. Before that, a seat on which no terminal was shown may have some. */
  readonly enumerated: boolean;
  /** The next key for a device that is taken; above those of all records. */
  readonly nextKey: number;
  /**
   * Keys of devices that an earlier daemon opened. It died before it could say whether their controllers heard of it,
   * which may take them once more.
   */
  readonly unsure: ReadonlySet<number>;
  /** By key. */
  readonly dropped: Table<number, Dropped>;
  readonly takeovers: ReadonlyMap<SessionId, Takeover>;
  /** By virtual terminal. */
  readonly gettys: Table<number, Getty>;
  /** GUID of the bus over which controllers can be told something; null before there is one. */
  readonly bus: string | null;
}
