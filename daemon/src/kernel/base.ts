/** What every part of the native kernel is built on. */

import type { LogPort } from "../loop/ports.ts";
import type { Addon } from "./addon.ts";
import type { Poller } from "./poller.ts";
import type { Turns } from "./turns.ts";

export interface Base {
  readonly addon: Addon;
  readonly poller: Poller;
  readonly turns: Turns;
  readonly log: LogPort;
  /** Notes what the system lacks; while serving it is logged the first time. */
  readonly lacks: (what: string) => void;
}
