/** What the keeper holds for an earlier daemon: it is in the channel before this one is started. */

import { type Addon, AGAIN } from "./addon.ts";
import { OP, RECORD_SIZE, Received } from "./channel.ts";

const END = 0;
const DEVICES = 1;
const VTS = 2;
const CONNECTIONS = 3;
const GETTYS = 4;

export interface HeldByKeeper {
  readonly devices: { readonly key: number; readonly active: boolean }[];
  readonly vts: number[];
  /** Virtual terminals whose getty runs, or has ended unheard. */
  readonly gettys: number[];
  /** Descriptors by the numbers of the connections. */
  readonly connections: Map<number, number>;
  /** What the keeper knows to do: 0 is before the first that said so. */
  readonly version: number;
}

export const nothingHeld = (): HeldByKeeper => ({
  devices: [],
  vts: [],
  gettys: [],
  connections: new Map(),
  version: 0,
});

function add(held: HeldByKeeper, record: Received): void {
  for (let i = 0; i < record.value; i += 1) {
    if (record.uid === DEVICES)
      held.devices.push({ key: record.number(2 * i), active: record.number(2 * i + 1) !== 0 });
    if (record.uid === VTS) held.vts.push(record.number(i));
    if (record.uid === GETTYS) held.gettys.push(record.number(i));
    const fd = record.uid === CONNECTIONS ? record.fds[i] : undefined;
    if (fd !== undefined) held.connections.set(record.number(i), fd);
  }
}

export function readHeld(addon: Addon, channel: number): HeldByKeeper {
  const held = nothingHeld();
  const buffer = Buffer.alloc(RECORD_SIZE);
  for (;;) {
    const fds: number[] = [];
    const count = addon.receive(channel, buffer, fds);
    // a keeper that holds nothing says so; one that says nothing is a test's
    if (count === AGAIN || count !== RECORD_SIZE) return held;
    const record = new Received(buffer, fds);
    if (record.op !== OP.held) return held;
    if (record.uid === END) return { ...held, version: record.value };
    add(held, record);
  }
}
