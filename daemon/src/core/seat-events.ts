/** What can happen to seats, virtual terminals and devices, and what can be asked of them. */

import type { Asked } from "./events.ts";
import type { Instant, Requester, SessionId } from "./model.ts";
import type { Device, DeviceKind, DeviceNumber, Seat } from "./seat-model.ts";

/** A device together with the way in which it is muted. */
export interface Takeable {
  readonly device: Device;
  readonly kind: DeviceKind;
}

/** What may be asked: whether the caller may is the room's to ask polkit, the core checks what can be done. */
export type SeatRequest = Asked &
  (
    | { readonly kind: "session.activateRequested"; readonly id: SessionId }
    /** place: a VT, or the position of a session on a seat without; or the next one, around the end. */
    | {
        readonly kind: "seat.switchRequested";
        readonly seat: string;
        readonly place: number | "next" | "previous";
      }
    /** device: what udev says of it at this moment; null if there is none, or none that can be taken. */
    | {
        readonly kind: "device.takeRequested";
        readonly id: SessionId;
        readonly name: string;
        readonly number: DeviceNumber;
        readonly device: Takeable | null;
      }
    | {
        readonly kind: "device.releaseRequested";
        readonly id: SessionId;
        readonly name: string;
        readonly number: DeviceNumber;
      }
    /** PauseDeviceComplete, which may also come unasked. */
    | {
        readonly kind: "device.pauseCompleted";
        readonly id: SessionId;
        readonly name: string;
        readonly number: DeviceNumber;
      }
    /** Over seatd: the client has put down the seat that it was told to put down. */
    | { readonly kind: "seat.disableAcknowledged"; readonly id: SessionId; readonly name: string }
  );

/** Facts about devices, seats and terminals. */
export type SeatEvent =
  | { readonly kind: "vt.activated"; readonly at: Instant; readonly vt: number }
  /**
   * The keeper has let somebody switch away from a VT it holds, and muted the devices of its session before. shown: the
   * VT in the foreground when that was heard, 0 if it is not known.
   */
  | { readonly kind: "vt.left"; readonly at: Instant; readonly vt: number; readonly shown: number }
  /** Follows each getty.start. error: why it could not be started, EBUSY where somebody has the terminal open. */
  | {
      readonly kind: "getty.ended";
      readonly at: Instant;
      readonly vt: number;
      readonly error: string | null;
      /** In words, such as "exit code 1". */
      readonly how: string;
    }
  /** Answer to vt.take. */
  | {
      readonly kind: "vt.taken";
      readonly at: Instant;
      readonly id: SessionId;
      readonly error: string | null;
    }
  /** changed: new ones and those that are otherwise than before; removed: by path. */
  | {
      readonly kind: "devices.changed";
      readonly at: Instant;
      readonly changed: readonly Device[];
      readonly removed: readonly string[];
    }
  /** All that there are; what is not among them is gone. */
  | { readonly kind: "devices.found"; readonly at: Instant; readonly devices: readonly Device[] }
  /** Answer to device.open. active: false where it was opened muted, or somebody else is the card's master. */
  | {
      readonly kind: "device.opened";
      readonly at: Instant;
      readonly id: SessionId;
      readonly key: number;
      readonly requester: Requester;
      readonly result: { readonly active: boolean } | { readonly errno: string };
    }
  /** Answer to device.pause; where it failed, the keeper has killed the controller and dropped the device. */
  | {
      readonly kind: "device.paused";
      readonly at: Instant;
      readonly id: SessionId;
      readonly key: number;
      readonly error: string | null;
    }
  | {
      readonly kind: "device.resumed";
      readonly at: Instant;
      readonly id: SessionId;
      readonly key: number;
      readonly error: string | null;
    }
  | {
      readonly kind: "device.closed";
      readonly at: Instant;
      readonly id: SessionId;
      readonly key: number;
      readonly error: string | null;
    }
  /** The connection of a seatd client is gone. */
  | { readonly kind: "seatd.left"; readonly at: Instant; readonly name: string };

/** What of a seat is written down. */
export type SeatRecord = Pick<Seat, "id" | "chosen" | "granted">;

export interface Held {
  readonly devices: readonly { readonly key: number; readonly active: boolean }[];
  readonly vts: readonly number[];
  /** Virtual terminals whose getty it has started. */
  readonly gettys: readonly number[];
  /** Numbers of connections to the seatd socket that are kept. */
  readonly clients: readonly number[];
}
