/**
 * News of devices. A message of udev's only says of which device there is news; what is told is what its records say
 * when we look, which may be later than the message. Where messages were lost everything is looked at again.
 */

import type { NativeUdev, RawDevice, UdevMessage } from "./addon.ts";
import type { Base } from "./base.ts";
import type { DeviceSource } from "./device-source.ts";
import { type DeviceTable, SUBSYSTEMS } from "./device-table.ts";
import { FAILED, READABLE } from "./poller.ts";
import type { DeviceNews } from "./seat-kernel.ts";

/** So many messages are taken, and so many devices looked at, before others have their turn. */
const MESSAGES_AT_ONCE = 256;
const DEVICES_AT_ONCE = 32;

const SUBSYSTEMS_OF_SEATS: ReadonlySet<string> = new Set(SUBSYSTEMS);

export interface DeviceWatchOptions {
  readonly base: Base;
  readonly table: DeviceTable;
  /** Where to look; asked each time. */
  readonly source: () => DeviceSource;
  readonly news: DeviceNews;
  /** Bytes of news that may wait while we are busy. */
  readonly buffer: number;
}

export class DeviceWatch {
  readonly #options: DeviceWatchOptions;
  /** Devices to look at; true: to be told even if they are as before. */
  readonly #due = new Map<string, boolean>();
  /** All of them have to be looked at; they are told together when that is done. */
  #lost = false;
  #anew = false;
  #working = false;
  #open = true;

  constructor(options: DeviceWatchOptions) {
    this.#options = options;
  }

  /** Listens first, so that nothing is missed between looking and listening. */
  start(udev: NativeUdev | null): void {
    const { table, source, news } = this.#options;
    if (udev !== null) this.#listen(udev);
    for (const path of source().paths()) table.note(path, source().device(path));
    table.setStatics(source().statics());
    news.found(table.all());
  }

  /** There is a udev now: it knows better what there is. */
  follow(udev: NativeUdev): void {
    this.#listen(udev);
    this.#lost = true;
    if (!this.#working) this.#work();
  }

  #listen(udev: NativeUdev): void {
    const { base, buffer } = this.#options;
    base.poller.watch(udev.listen(buffer), READABLE | FAILED, () => this.#receive(udev));
  }

  shut(): void {
    this.#open = false;
  }

  #receive(udev: NativeUdev): void {
    for (let taken = 0; taken < MESSAGES_AT_ONCE; taken += 1) {
      const message = udev.receive();
      if (message === null) break;
      if (message === "") this.#lost = true;
      else this.#note(message);
    }
    // what was removed is told as removed, even if it is there again
    this.#tellChanges();
    if (!this.#working) this.#work();
  }

  #note({ path, subsystem, tags, action }: UdevMessage): void {
    const { table } = this.#options;
    const known = table.known(path) !== undefined;
    if (!known && tags.length === 0 && !SUBSYSTEMS_OF_SEATS.has(subsystem)) return;
    if (action === "remove") table.note(path, null);
    this.#due.set(path, true);
  }

  #work(): void {
    this.#working = false;
    if (!this.#open) return;
    if (this.#lost) this.#lookAnew();
    let looked = 0;
    for (const [path, again] of this.#due) {
      if (looked++ === DEVICES_AT_ONCE) break;
      this.#due.delete(path);
      this.#look(path);
      if (again) this.#options.table.tellAgain(path);
    }
    if (this.#due.size > 0) this.#workLater();
    else if (this.#anew) this.#tellAll();
    this.#tellChanges();
  }

  #workLater(): void {
    this.#working = true;
    setImmediate(() => this.#work());
  }

  #lookAnew(): void {
    const { table, source } = this.#options;
    this.#lost = false;
    this.#anew = true;
    for (const path of [...table.paths(), ...source().paths()]) this.#due.set(path, false);
  }

  #tellAll(): void {
    const { table, source, news } = this.#options;
    this.#anew = false;
    table.setStatics(source().statics());
    news.found(table.all());
  }

  /** While everything is looked at what has changed is told with the rest. */
  #tellChanges(): void {
    if (this.#anew) return;
    const { changed, removed } = this.#options.table.changes();
    if (changed.length > 0 || removed.length > 0) this.#options.news.changed(changed, removed);
  }

  /** A device's seat holds for those below it that have none of their own. */
  #look(path: string, now = this.#options.source().device(path)): void {
    const { table } = this.#options;
    const before = table.known(path)?.seat;
    table.note(path, now);
    if (before === undefined || now === null || now.seat === before) return;
    for (const below of table.paths())
      if (below.startsWith(`${path}/`) && !this.#due.has(below)) this.#due.set(below, false);
  }

  /** Somebody asks for that device, which is like this now. */
  notice(raw: RawDevice): void {
    this.#look(raw.path, raw);
    this.#tellChanges();
    if (this.#due.size > 0 && !this.#working) this.#workLater();
  }
}
