/** Seats, devices and virtual terminals of the in-memory kernel, with the keeper behind it. */

import type { Uid } from "../core/model.ts";
import type { Takeable } from "../core/seat-events.ts";
import type { Device } from "../core/seat-model.ts";
import type { DeviceOrder } from "../loop/seat-ports.ts";
import { kindOf } from "./device-table.ts";
import { KernelError } from "./kernel.ts";
import type { MemorySystem } from "./memory-system.ts";
import type { MemoryWatches } from "./memory-watches.ts";
import type { AccessPart, DevicePart, SeatPart, TakenPart } from "./parts.ts";

const READ_WRITE = 6;

function createAccess({ seats }: MemorySystem): AccessPart {
  return {
    readAccess: (node) => seats.access.get(node) ?? null,
    setAccess(devices, uid, remove) {
      const problems: string[] = [];
      for (const { node } of devices) {
        const access = seats.access.get(node);
        if (access === undefined) continue;
        if (seats.broken.has(node)) {
          problems.push(`${node}: setxattr: EIO`);
          continue;
        }
        const kept = access.users.filter(
          (entry) => entry.permissions !== READ_WRITE || entry.uid === uid || !remove.includes(entry.uid),
        );
        const has = uid === null || kept.some((entry) => entry.uid === uid);
        seats.setUsers(node, has ? kept : [...kept, { uid, permissions: READ_WRITE }]);
      }
      return problems;
    },
  };
}

function takeable(device: Device | undefined): Takeable | null {
  const kind = device === undefined ? null : kindOf(device);
  return device === undefined || kind === null ? null : { device, kind };
}

function createDevices(system: MemorySystem, watches: MemoryWatches): DevicePart {
  const { seats } = system;
  const all = () => [...seats.devices.values()];
  const lampOf = (subsystem: string, name: string) => seats.lamps.get(`${subsystem}/${name}`);
  return {
    ...createAccess(system),
    activateVt(vt) {
      if (system.activeVt === null) throw new KernelError("open", "ENOENT", "/dev/tty0");
      queueMicrotask(() => system.switchVt(vt));
    },
    allocateVt: (vt) => void seats.allocated.add(vt),
    watchDevices(news) {
      watches.whenDevicesChange = news.changed;
      news.found(all());
    },
    findDevice: ({ major, minor }) =>
      takeable(all().find(({ number }) => number?.major === major && number.minor === minor)),
    findNode(path) {
      const device = all().find(({ node }) => node === path);
      if (device === undefined) throw new KernelError("realpath", "ENOENT", path);
      return takeable(device);
    },
    brightnessSeat: (subsystem, name) => lampOf(subsystem, name)?.seat ?? null,
    setBrightness(subsystem, name, value, done) {
      const lamp = lampOf(subsystem, name);
      if (lamp !== undefined) lamp.value = value;
      queueMicrotask(() => done(lamp === undefined ? "ENOENT" : null));
    },
    attachDevice(seat, path) {
      const device = seats.devices.get(path);
      if (device === undefined || !device.assignable || device.idForSeat === "")
        throw new KernelError("attach", "ENODEV", path);
      seats.rules.set(device.idForSeat, seat);
      queueMicrotask(() => seats.plug({ ...device, seat }));
    },
    flushDevices() {
      seats.rules.clear();
      seats.triggered.push("/sys");
    },
    triggerDevice: (path) => void seats.triggered.push(path),
  };
}

/** The keeper's side of the simulated machine: each answers with an errno or null. */
class MemoryKeeper {
  readonly #system: MemorySystem;
  readonly #given = new Map<number, number>();

  constructor(system: MemorySystem) {
    this.#system = system;
  }

  /** A descriptor of the device comes with the answer. */
  #give(key: number): void {
    const fd = this.#system.receiveFd();
    this.#system.seats.taken.get(key)?.fds.add(fd);
    this.#given.set(key, fd);
  }

  descriptorOf(key: number): number {
    const fd = this.#given.get(key) ?? -1;
    this.#given.delete(key);
    return fd;
  }

  takeVt(vt: number, uid: Uid): string | null {
    const { seats } = this.#system;
    const refused = seats.refusal("takeVt");
    if (refused === null) seats.vts.set(vt, uid);
    return refused;
  }

  open({ device, vt, pid, active }: DeviceOrder): string | null {
    const { seats } = this.#system;
    const refused = seats.refusal("openDevice");
    if (refused !== null) return refused;
    seats.taken.set(device.key, { node: device.node, vt, pid, active, fds: new Set() });
    this.#give(device.key);
    return null;
  }

  /** If it cannot be muted its controller is killed, and it is gone. */
  pause(key: number): string | null {
    const { seats } = this.#system;
    const taken = seats.taken.get(key);
    if (taken === undefined) return "ENOENT";
    const refused = seats.refusal("pauseDevice");
    taken.active = false;
    if (refused !== null) {
      seats.taken.delete(key);
      this.#system.exit(taken.pid);
    }
    return refused;
  }

  resume(key: number): string | null {
    const { seats, activeVt } = this.#system;
    const taken = seats.taken.get(key);
    if (taken === undefined) return "ENOENT";
    if (taken.vt !== 0 && taken.vt !== activeVt) return "EBUSY";
    const refused = seats.refusal("resumeDevice");
    if (refused !== null) return refused;
    taken.active = true;
    this.#give(key);
    return null;
  }

  close(key: number): string | null {
    const { seats } = this.#system;
    const refused = seats.refusal("closeDevice");
    seats.taken.delete(key);
    return refused;
  }
}

function createTaken(system: MemorySystem, watches: MemoryWatches): TakenPart {
  const { seats } = system;
  const keeper = new MemoryKeeper(system);

  /** Whatever the keeper says comes later, and not to a daemon that has been replaced. */
  function later(answer: () => void): void {
    queueMicrotask(() => {
      if (system.watches === watches) answer();
    });
  }

  return {
    held: () => seats.held(),
    onVtLeft(left) {
      watches.whenVtLeft = left;
    },
    takeVt(vt, uid, done) {
      const error = keeper.takeVt(vt, uid);
      later(() => done(error));
    },
    releaseVt: (vt) => void seats.vts.delete(vt),
    openDevice(order, opened) {
      const errno = keeper.open(order);
      later(() => opened(errno === null ? { active: order.active } : { errno }));
    },
    pauseDevice(key, done) {
      const error = keeper.pause(key);
      later(() => done(error));
    },
    resumeDevice(key, done) {
      const error = keeper.resume(key);
      later(() => done(error));
    },
    closeDevice(key, done) {
      const error = keeper.close(key);
      later(() => done(error));
    },
    descriptorOf: (key) => keeper.descriptorOf(key),
  };
}

export function createMemorySeats(system: MemorySystem, watches: MemoryWatches): SeatPart {
  system.seats.listener = {
    devicesChanged: (changed, removed) => queueMicrotask(() => watches.whenDevicesChange(changed, removed)),
    vtLeft: (vt) => queueMicrotask(() => watches.whenVtLeft(vt, system.activeVt ?? 0)),
    gettyEnded: (end) => queueMicrotask(() => watches.whenGettyEnds(end)),
  };
  return {
    ...createDevices(system, watches),
    ...createTaken(system, watches),
    startGetty: (order) => system.seats.startGetty(order),
    onGettyEnded(ended) {
      watches.whenGettyEnds = ended;
    },
  };
}
