/** What the handlers of this room have in hand, and what the rows of its tables are about. */

import type { Call } from "../bus/call.ts";
import type { Instant, Session, User, World } from "../core/model.ts";
import type { Seat } from "../core/seat-model.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Authority } from "./authority.ts";
import type { LogControl } from "./log-control.ts";
import type { Orders } from "./orders.ts";
import type { Tracker } from "./tracking.ts";

/** The message to all terminals before a shutdown, as it was set last. */
export interface Wall {
  enabled: boolean;
  message: string;
}

export interface Room {
  readonly kernel: Pick<
    Kernel,
    | "process"
    | "processOfFd"
    | "terminalOfFd"
    | "lookUpUser"
    | "openLifetime"
    | "openInhibitor"
    | "closeFd"
    | "findDevice"
    | "descriptorOf"
    | "brightnessSeat"
    | "setBrightness"
    | "attachDevice"
    | "flushDevices"
  >;
  world(): World;
  now(): Instant;
  readonly authority: Authority;
  readonly orders: Orders;
  readonly tracker: Tracker;
  readonly wall: Wall;
  /** GUID of the bus that is connected. */
  bus(): string;
  /** A controller's connection: its end is told to the core. */
  watchController(call: Call): void;
  /** Reads the configuration again. */
  reload(): void;
  readonly logControl: LogControl;
  prepareForSleep(start: boolean): void;
}

/** A World as it is now or was when it was published; methods ask the room for the present one after an await. */
export interface ManagerObject {
  readonly room: Room;
  readonly world: World;
}

export interface SessionObject extends ManagerObject {
  readonly session: Session;
}

export interface SeatObject extends ManagerObject {
  readonly seat: Seat;
}

export interface UserObject extends ManagerObject {
  readonly user: User;
}
