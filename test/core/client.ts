/** A controller of a simulated machine: what it has, what it was told of that, and what may follow on what. */

import type { Event } from "../../daemon/src/core/events.ts";
import type { SessionId } from "../../daemon/src/core/model.ts";
import type { SeatRequest } from "../../daemon/src/core/seat-events.ts";
import type { DeviceNumber } from "../../daemon/src/core/seat-model.ts";
import type { Process } from "./machine.ts";

export type Word = "active" | "asked" | "paused";

export interface Had {
  readonly number: DeviceNumber;
  readonly name: string;
  word: Word;
  /** Its controller put it down by itself. */
  yielded: boolean;
  /** A daemon died: what it said last may be said again. */
  again: boolean;
  /** It was put down, and a daemon died over that: whether it was heard, nobody can say. */
  unheard: boolean;
}

type Wish = SeatRequest extends infer R
  ? R extends SeatRequest
    ? Omit<R, "at" | "requester">
    : never
  : never;
/** What it asks, without when and by which call. */
export type Ask =
  | Wish
  | Omit<Extract<Event, { kind: "session.controlRequested" }>, "at" | "requester">
  | Omit<Extract<Event, { kind: "session.controlReleased" }>, "at" | "requester">;

export interface Client {
  name: string;
  readonly seatd: boolean;
  readonly process: Process;
  readonly session: SessionId;
  readonly seatId: string;
  readonly devices: Map<string, Had>;
  /** Over seatd: what it was told. */
  seat: "disabled" | "enabled" | "disabling";
  /** It never does what it is asked to. */
  hangs: boolean;
  /** What it asked over seatd, until it is answered: a restarted daemon finds it in the socket. */
  waiting: Ask | null;
  /** Devices that it asked for over the bus, and a daemon died over that: it may ask again. */
  readonly lost: Set<string>;
}

export type Pause = "pause" | "force" | "gone";

/** It is told that the device is put down, or to do so; answers whether that could follow on what it was told before. */
export function hearPause(device: Had, how: Pause): boolean {
  const from: readonly Word[] = how === "pause" ? ["active"] : ["active", "asked"];
  const follows = how === "gone" || from.includes(device.word) || device.again;
  device.again = false;
  device.unheard = false;
  device.word = how === "pause" ? "asked" : "paused";
  return follows;
}

/** The same of a device that is live again. */
export function hearResume(device: Had): boolean {
  const follows = device.word === "paused" || device.again;
  device.again = false;
  device.unheard = false;
  device.yielded = false;
  device.word = "active";
  return follows;
}
