/**
 * News of devices. A message of udev's only says of which device there is news; what is told is what its records say
 * when we look, which may be later than the message. Where messages were lost everything is looked at again.
 */

import type { NativeUdev } from "./addon.ts";
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
  /** Called with each message, before it counts: true if everything has to be looked at again. */
  readonly heard: () => boolean;
}

export class DeviceWatch {
  readonly #options: DeviceWatchOptions;
  /** Devices to look at. */
  readonly #due = new Set<string>();
  /** All of them are being looked at, and are told together when that is done. */
  #anew = false;
  #working = false;
  #open = true;

  constructor(options: DeviceWatchOptions) {
    this.#options = options;
  }

  /** Listens first, so that nothing is missed between looking and listening. */
  start(udev: NativeUdev | null, bytes: number): void {
    const { base, table, source, news } = this.#options;
    if (udev !== null) {
      const fd = udev.listen(bytes);
      base.poller.watch(fd, READABLE | FAILED, () => this.#receive(udev));
    }
    for (const path of source().paths()) table.note(path, source().device(path));
    table.setStatics(source().statics());
    news.found(table.all());
  }

  shut(): void {
    this.#open = false;
  }

  #receive(udev: NativeUdev): void {
    const { table, heard } = this.#options;
    for (let taken = 0; taken < MESSAGES_AT_ONCE; taken += 1) {
      const message = udev.receive();
      if (message === null) break;
      if (message === "" || heard()) this.#lookAnew();
      else if (
        message.tags.length > 0 ||
        SUBSYSTEMS_OF_SEATS.has(message.subsystem) ||
        table.known(message.path) !== undefined
      )
        this.#due.add(message.path);
    }
    if (!this.#working) this.#work();
  }

  #lookAnew(): void {
    const { table, source } = this.#options;
    this.#anew = true;
    for (const path of table.paths()) this.#due.add(path);
    for (const path of source().paths()) this.#due.add(path);
  }

  #work(): void {
    this.#working = false;
    if (!this.#open) return;
    let looked = 0;
    for (const path of this.#due) {
      if (looked++ === DEVICES_AT_ONCE) break;
      this.#due.delete(path);
      this.#look(path);
    }
    if (this.#due.size > 0) {
      this.#working = true;
      setImmediate(() => this.#work());
    }
    this.#tell();
  }

  #tell(): void {
    const { table, source, news } = this.#options;
    if (!this.#anew) return this.tellChanges();
    if (this.#due.size > 0) return;
    this.#anew = false;
    table.setStatics(source().statics());
    news.found(table.all());
  }

  tellChanges(): void {
    const { changed, removed } = this.#options.table.changes();
    if (changed.length > 0 || removed.length > 0) this.#options.news.changed(changed, removed);
  }

  /** A device's seat holds for those below it that have none of their own. */
  #look(path: string): void {
    const { table, source } = this.#options;
    const before = table.known(path)?.seat;
    const now = source().device(path);
    table.note(path, now);
    if (before === undefined || now === null || now.seat === before) return;
    for (const below of table.paths()) if (below.startsWith(`${path}/`)) this.#due.add(below);
  }

  /** Looks at one device now: somebody asks for it. */
  lookAt(path: string): void {
    this.#look(path);
    if (!this.#anew) this.tellChanges();
    if (this.#due.size > 0 && !this.#working) this.#work();
  }
}
