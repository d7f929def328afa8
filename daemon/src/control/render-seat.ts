/** Seats and devices in the words of the interface. */

import type { World } from "../core/model.ts";
import type { Device, Seat, Taken } from "../core/seat-model.ts";
import { activeSession } from "../core/select.ts";
import type { NodeAccess } from "../kernel/seat-kernel.ts";
import type { AccessRecord, DeviceRecord, GrantRecord, SeatRecord, TakenRecord } from "./interface.ts";

export function renderSeat(world: World, seat: Seat): SeatRecord {
  return {
    id: seat.id,
    graphical: seat.graphical,
    terminals: seat.hasVts,
    activeVt: seat.activeVt,
    activeSession: activeSession(world, seat)?.id ?? null,
    sessions: seat.sessions,
  };
}

/** access: who may open its node. taken: takenDevices() of the same World. */
export function renderDevice(device: Device, access: NodeAccess | null, taken: TakenDevices): DeviceRecord {
  const { path, parent, subsystem, name, node, number, seat, master, uaccess, assignable } = device;
  return {
    path,
    parent: parent === "" ? null : parent,
    subsystem,
    name,
    node: node === "" ? null : node,
    number: number === null ? null : `${number.major}:${number.minor}`,
    seat,
    master,
    uaccess,
    assignable,
    access: access === null ? null : renderAccess(access),
    taken: taken.get(path) ?? [],
  };
}

/** The parent's path sorts before those below it. */
export function devicesOf(world: World, seat: string): Device[] {
  return [...world.devices.values()]
    .filter((device) => device.seat === seat)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const STATES: Readonly<Record<Taken["state"], TakenRecord["state"]>> = {
  opening: "opening",
  active: "active",
  asked: "pausing",
  pausing: "pausing",
  paused: "paused",
  resuming: "resuming",
};

export type TakenDevices = ReadonlyMap<string, readonly TakenRecord[]>;

/** By the path of the device, or of the nearest one above it that is known. */
export function takenDevices(world: World): TakenDevices {
  const found = new Map<string, TakenRecord[]>();
  for (const { id, devices, control } of world.sessions.values()) {
    for (const { path, node, state } of devices) {
      const shown = STATES[state];
      const at = nearest(world, path, () => true)?.path;
      if (at === undefined) continue;
      const taken = { session: id, controller: control?.pid ?? 0, node, state: shown };
      found.set(at, [...(found.get(at) ?? []), taken]);
    }
  }
  return found;
}

/** The device of that path or the nearest wanted one above it. */
export function nearest(world: World, path: string, wanted: (device: Device) => boolean): Device | null {
  for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    const device = world.devices.get(at);
    if (device !== undefined && wanted(device)) return device;
    if (!at.includes("/")) return null;
  }
  return null;
}

export function renderAccess({ uid, gid, mode, users, groups }: NodeAccess): AccessRecord {
  const mask = users.length + groups.length === 0 ? 7 : maskOf(mode);
  const grant = (id: number, permissions: number): GrantRecord => ({ id, permissions: permissions & mask });
  return {
    uid,
    gid,
    mode,
    users: users.map((entry) => grant(entry.uid, entry.permissions)),
    groups: groups.map((entry) => grant(entry.gid, entry.permissions)),
  };
}

/** The bits of the mode that are the group's, or bound what users and groups of the list have. */
export function maskOf(mode: number): number {
  return (mode >> 3) & 7;
}
