/** The devices of seats: what there is, whose they are, and who may open them. */

import { writeFile } from "node:fs";
import type { Takeable } from "../core/seat-events.ts";
import { SEAT0 } from "../core/seats.ts";
import { createAccess } from "./access.ts";
import type { NativeUdev, RawDevice } from "./addon.ts";
import { createAssignments } from "./attach.ts";
import type { Base } from "./base.ts";
import { numberOfNode } from "./device-names.ts";
import type { DeviceSource } from "./device-source.ts";
import { DeviceTable, kindOf } from "./device-table.ts";
import { DeviceWatch } from "./device-watch.ts";
import { KernelError } from "./kernel.ts";
import type { DevicePart } from "./parts.ts";
import type { DeviceNews } from "./seat-kernel.ts";
import { sysfsSource } from "./sysfs.ts";
import { openUdev, udevServes, udevSource } from "./udev.ts";

export interface DeviceOptions {
  /** Where the rules of assignments go. */
  readonly rules: string;
  /** Bytes of news that may wait while we are busy. */
  readonly buffer: number;
}

const USUAL: DeviceOptions = { rules: "/etc/udev/rules.d", buffer: 1 << 25 };
const NO_UDEV =
  "no udev: the devices are those of /sys at the start, all of them on seat0; the user in the foreground may open " +
  "graphics cards and sound, programs get input only from the session manager";
const NO_RULES = "udev tags no device for a seat: its rules for seats are not installed (see conf/udev)";

/** Some systems start udev later than the daemon: so often it is looked for, and after so often missed. */
const LOOK_MS = 1000;
const LOOKS = 300;
const LOOKS_BEFORE_IT_IS_SAID = 10;

class Devices {
  readonly #base: Base;
  readonly #table: DeviceTable;
  /** null while no udev serves this machine. */
  #udev: NativeUdev | null = null;
  #source: DeviceSource = sysfsSource;
  #watch: DeviceWatch | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(base: Base) {
    this.#base = base;
    this.#table = new DeviceTable(({ path, seat }) =>
      base.log.warn(`device ${path} is passed over: its ID_SEAT ${JSON.stringify(seat)} cannot name a seat`),
    );
    this.#findUdev();
  }

  #findUdev(): NativeUdev | null {
    const { addon } = this.#base;
    this.#udev = udevServes(addon) ? openUdev(addon) : null;
    if (this.#udev !== null) this.#source = udevSource(addon, this.#udev);
    return this.#udev;
  }

  get source(): DeviceSource {
    return this.#source;
  }

  get udev(): NativeUdev | null {
    return this.#udev;
  }

  watch(news: DeviceNews, buffer: number): void {
    const base = this.#base;
    this.#watch = new DeviceWatch({ base, table: this.#table, source: () => this.#source, news, buffer });
    if (this.#udev === null) this.#waitForUdev(1);
    this.#watch.start(this.#udev);
    const known = [...this.#table.paths()].map((path) => this.#table.known(path)?.tags);
    if (this.#udev !== null && known.length > 0 && !known.some((tags) => tags?.includes("seat")))
      base.lacks(NO_RULES);
  }

  #waitForUdev(turn: number): void {
    const look = () => {
      const udev = this.#findUdev();
      if (udev !== null) return this.#watch?.follow(udev);
      if (turn === LOOKS_BEFORE_IT_IS_SAID) this.#base.lacks(NO_UDEV);
      if (turn < LOOKS) this.#waitForUdev(turn + 1);
    };
    this.#timer = setTimeout(look, LOOK_MS).unref();
  }

  /** What it says is told to the core first: whoever asks may be faster than the news. */
  takeable(raw: RawDevice | null): Takeable | null {
    const kind = raw === null ? null : kindOf(raw);
    if (raw === null || kind === null || raw.node === "") return null;
    this.#watch?.notice(raw);
    const known = this.#table.known(raw.path);
    return known === undefined ? null : { device: this.#table.describe(known), kind };
  }

  shut(): void {
    clearTimeout(this.#timer);
    this.#watch?.shut();
  }
}

export interface SeatDevices extends DevicePart {
  shut(): void;
}

export function createDevices(base: Base, options: Partial<DeviceOptions> = {}): SeatDevices {
  const { rules, buffer } = { ...USUAL, ...options };
  const { addon } = base;
  const devices = new Devices(base);
  const assignments = createAssignments(addon, () => devices.udev, rules);
  return {
    ...createAccess(base),
    activateVt: (vt) => addon.activateVt(vt),
    allocateVt: (vt) => addon.close(addon.openFile(`/dev/tty${vt}`)),
    watchDevices: (news) => devices.watch(news, buffer),
    findDevice: (number) => devices.takeable(devices.source.numbered(number)),
    findNode(path) {
      const number = numberOfNode(addon, path);
      return number === null ? null : devices.takeable(devices.source.numbered(number));
    },
    brightnessSeat(subsystem, name) {
      const raw = devices.source.device(lampPath(subsystem, name));
      return raw?.initialized ? raw.seat || SEAT0 : null;
    },
    setBrightness(subsystem, name, value, done) {
      // not here and now: a driver may take its time
      const path = `${lampPath(subsystem, name)}/brightness`;
      writeFile(path, String(value), { flag: "r+" }, (error) =>
        done(error === null ? null : (error.code ?? "EIO")),
      );
    },
    attachDevice: assignments.attach,
    flushDevices: assignments.flush,
    triggerDevice: assignments.trigger,
    shut: () => devices.shut(),
  };
}

function lampPath(subsystem: "backlight" | "leds", name: string): string {
  if (!/^[^/\0]+$/.test(name) || name === "." || name === "..")
    throw new KernelError("open", "EINVAL", `${subsystem} ${name}`);
  return `/sys/class/${subsystem}/${name}`;
}
