/**
 * What a session's controller is told of its devices, and nobody else hears. While there is no bus the last word about
 * each device waits: whoever is still there when it is back must not believe in a device that is muted.
 */

import type { UnicastSignal } from "../bus/bus.ts";
import type { Control, SessionId } from "../core/model.ts";
import { SEATD } from "../core/model.ts";
import type { DeviceNumber } from "../core/seat-model.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Login1Port, LogPort } from "../loop/ports.ts";

interface Word {
  readonly id: SessionId;
  readonly control: Control;
  readonly number: DeviceNumber;
  /** The key of the device where it is live again, or how it is not. */
  readonly what: { readonly key: number } | { readonly how: "pause" | "force" | "gone" };
}

/** A bus that can be told of a signal of a session; guid is null while it is not there. */
export interface Outlet {
  readonly guid: string | null;
  tell(id: SessionId, signal: Pick<UnicastSignal, "to" | "signal" | "body" | "fds">): void;
}

export class ControllerSignals implements Pick<Login1Port, "paused" | "resumed"> {
  readonly #kernel: Pick<Kernel, "descriptorOf" | "closeFd">;
  readonly #log: LogPort;
  readonly #waiting = new Map<string, Word>();
  #outlet: Outlet | null = null;

  constructor(kernel: Pick<Kernel, "descriptorOf" | "closeFd">, log: LogPort) {
    this.#kernel = kernel;
    this.#log = log;
  }

  /** From now on they go there. */
  use(outlet: Outlet): void {
    this.#outlet = outlet;
  }

  paused(id: SessionId, control: Control, number: DeviceNumber, how: "pause" | "force" | "gone"): void {
    this.#say({ id, control, number, what: { how } });
  }

  resumed(id: SessionId, control: Control, number: DeviceNumber, key: number): void {
    this.#say({ id, control, number, what: { key } });
  }

  /** The bus is there. Those who control something on another one are gone. */
  flush(): void {
    const words = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const word of words) this.#say(word);
  }

  #say(word: Word): void {
    const { id, number, control } = word;
    const device = `${id} ${number.major}:${number.minor}`;
    const older = this.#waiting.get(device);
    this.#waiting.delete(device);
    // a device keeps its key: the descriptor that came last is the newer word's
    if (older !== undefined && !("key" in word.what)) this.#drop(older);
    const guid = this.#outlet?.guid ?? null;
    if (guid === null && control.bus !== SEATD) this.#waiting.set(device, word);
    else if (guid === control.bus) this.#send(word);
    else this.#drop(word);
  }

  #send(word: Word): void {
    const { id, control, number, what } = word;
    const { major, minor } = number;
    const to = control.name;
    if ("how" in what)
      return this.#outlet?.tell(id, { to, signal: "PauseDevice", body: [major, minor, what.how] });
    const fd = this.#kernel.descriptorOf(what.key);
    if (fd < 0) return this.#log.warn(`session ${id}: the descriptor of device ${major}:${minor} is lost`);
    this.#outlet?.tell(id, { to, signal: "ResumeDevice", body: [major, minor, 0], fds: [fd] });
  }

  #drop({ what }: Word): void {
    if ("how" in what) return;
    const fd = this.#kernel.descriptorOf(what.key);
    if (fd >= 0) this.#kernel.closeFd(fd);
  }
}
