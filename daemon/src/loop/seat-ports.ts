/** What the core's orders about seats need of the rooms around it. */

import type { Control, SessionId, Uid } from "../core/model.ts";
import type { TakeResult } from "../core/seat-effects.ts";
import type { SeatRecord } from "../core/seat-events.ts";
import type { Device, DeviceNumber, Taken } from "../core/seat-model.ts";

/** null: done; else what went wrong, in words. Never called before the order returns. */
export type Done = (error: string | null) => void;

export interface SeatStorePort {
  saveSeat(seat: SeatRecord): void;
  eraseSeat(id: string): void;
}

/** An order to open a device for the controller of a session. */
export interface DeviceOrder {
  readonly device: Taken;
  /** The session's VT, 0 for none: the keeper mutes the device before anybody is let away from there. */
  readonly vt: number;
  /** The controller: killed if the device cannot be muted. */
  readonly pid: number;
  readonly active: boolean;
}

/** An order to start a getty. */
export interface GettyOrder {
  readonly vt: number;
  readonly command: readonly string[];
  /** Also where somebody has the terminal open. */
  readonly anyway: boolean;
}

export interface SeatSystemPort {
  /**
   * Access lists of device nodes: an entry for uid, to read and write, and none for the others; what is right already
   * is not written. Entries that are not for reading and writing stay, and nodes that are gone are passed over. Each
   * list is read back. Returns what went wrong, a line for each node.
   */
  setAccess(devices: readonly Device[], uid: Uid | null, remove: readonly Uid[]): readonly string[];
  takeVt(vt: number, uid: Uid, done: Done): void;
  releaseVt(vt: number): void;
  /** Opens the VT, so that it exists for the keyboard. */
  allocateVt(vt: number): void;
  startGetty(order: GettyOrder): void;
  /** Asks the kernel to switch; does not wait for the switch. */
  activateVt(vt: number): void;
  /** Never calls back before it returns. The descriptor that came is descriptorOf(key). */
  openDevice(
    order: DeviceOrder,
    opened: (result: { readonly active: boolean } | { readonly errno: string }) => void,
  ): void;
  pauseDevice(key: number, done: Done): void;
  resumeDevice(key: number, done: Done): void;
  closeDevice(key: number, done: Done): void;
}

/** The controller's side over the bus; the fd of a device is taken from the kernel room by its key. */
export interface ControllerPort {
  takeReply(call: number, result: TakeResult): void;
  paused(id: SessionId, control: Control, number: DeviceNumber, how: "pause" | "force" | "gone"): void;
  resumed(id: SessionId, control: Control, number: DeviceNumber, key: number): void;
}

/** The controller's side over the seatd socket. */
export interface SeatdPort {
  takeReply(call: number, result: TakeResult): void;
  tell(name: string, what: "enable" | "disable" | "close"): void;
}
