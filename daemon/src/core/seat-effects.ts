/** What the core can order about seats, virtual terminals and devices. */

import type { Refusal } from "./effects.ts";
import type { Control, Requester, SessionId, Uid } from "./model.ts";
import type { SeatRecord } from "./seat-events.ts";
import type { Device, DeviceNumber, Taken } from "./seat-model.ts";

/** errno: symbolic, such as "EACCES", where the system refused. */
export type TakeResult =
  | { readonly ok: true; readonly key: number; readonly active: boolean }
  | { readonly ok: false; readonly refusal: Refusal; readonly message: string; readonly errno?: string };

/** Orders about devices, seats and terminals. */
export type SeatEffect =
  /** The record, and the state that others read, are on disk before the next effect. */
  | { readonly kind: "seat.save"; readonly seat: SeatRecord }
  | { readonly kind: "seat.erase"; readonly id: string }
  /**
   * The access lists of these nodes: an entry for uid (null: for nobody), none for the users of remove. Entries that
   * are not for reading and writing are not ours and stay.
   */
  | {
      readonly kind: "access.set";
      readonly seat: string;
      readonly devices: readonly Device[];
      readonly uid: Uid | null;
      readonly remove: readonly Uid[];
    }
  /** The keeper prepares the VT for a controller and answers for it from then on; reports vt.taken. */
  | { readonly kind: "vt.take"; readonly id: SessionId; readonly vt: number; readonly uid: Uid }
  /** The keeper puts the VT back as it was. */
  | { readonly kind: "vt.release"; readonly vt: number }
  /** Keys switch to the VTs from 1 to this one, too: they pass over one that nobody has opened since the boot. */
  | { readonly kind: "vts.allocate"; readonly last: number }
  /**
   * The keeper starts it; it outlives both. anyway: also where somebody has the terminal open. Reports getty.ended.
   */
  | {
      readonly kind: "getty.start";
      readonly vt: number;
      readonly command: readonly string[];
      readonly anyway: boolean;
    }
  /** Asks for the switch; the answer says whether the kernel took the request. */
  | {
      readonly kind: "vt.activate";
      readonly vt: number;
      readonly id: SessionId;
      readonly requester: Requester;
    }
  /** The keeper opens it, live or muted; pid: who is killed if it cannot be muted. Reports device.opened. */
  | {
      readonly kind: "device.open";
      readonly id: SessionId;
      readonly device: Taken;
      readonly vt: number;
      readonly pid: number;
      readonly active: boolean;
      readonly requester: Requester;
    }
  | { readonly kind: "device.pause"; readonly id: SessionId; readonly key: number }
  | { readonly kind: "device.resume"; readonly id: SessionId; readonly key: number }
  | { readonly kind: "device.close"; readonly id: SessionId; readonly key: number }
  /** Whoever gets it takes the descriptor from the kernel room. */
  | { readonly kind: "take.reply"; readonly requester: Requester; readonly result: TakeResult }
  /** PauseDevice. */
  | {
      readonly kind: "controller.paused";
      readonly id: SessionId;
      readonly control: Control;
      readonly number: DeviceNumber;
      readonly how: "pause" | "force" | "gone";
    }
  /** ResumeDevice, with the descriptor from the kernel room. */
  | {
      readonly kind: "controller.resumed";
      readonly id: SessionId;
      readonly control: Control;
      readonly number: DeviceNumber;
      readonly key: number;
    }
  /** Over seatd: the events DISABLE_SEAT and ENABLE_SEAT, and the end of the connection. */
  | {
      readonly kind: "seatd.tell";
      readonly name: string;
      readonly what: "enable" | "disable" | "close";
    };
