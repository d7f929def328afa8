/** The effects about seats, virtual terminals and devices. */

import type { Event } from "../core/events.ts";
import type { SeatEffect } from "../core/seat-effects.ts";
import type { SeatRecord } from "../core/seat-events.ts";
import { text } from "./failure.ts";
import type { Ports } from "./ports.ts";

const CONSEQUENCE = "nobody is given its devices until that can be done";

type Of<K extends SeatEffect["kind"]> = Extract<SeatEffect, { kind: K }>;

export class SeatRunner {
  readonly #ports: Ports;
  readonly #submit: (event: Event) => void;
  /** Records that could not be written. */
  readonly #unsaved = new Map<string, SeatRecord>();

  constructor(ports: Ports, submit: (event: Event) => void) {
    this.#ports = ports;
    this.#submit = submit;
  }

  #erase(seat: string): void {
    this.#unsaved.delete(seat);
    try {
      this.#ports.store.eraseSeat(seat);
    } catch (error) {
      this.#ports.log.warn(`cannot erase the record of seat ${seat}: ${text(error)}`);
    }
  }

  #save(seat: SeatRecord): void {
    try {
      this.#ports.store.saveSeat(seat);
      this.#unsaved.delete(seat.id);
    } catch (error) {
      if (!this.#unsaved.has(seat.id))
        this.#ports.log.warn(`cannot record seat ${seat.id}: ${text(error)}: ${CONSEQUENCE}`);
      this.#unsaved.set(seat.id, seat);
    }
  }

  /** A user who is not on disk as one who may have entries would keep them after a crash. */
  #setAccess({ seat, devices, uid, remove }: Of<"access.set">): void {
    const unsaved = this.#unsaved.get(seat);
    if (unsaved !== undefined) this.#save(unsaved);
    const recorded = this.#unsaved.has(seat) ? null : uid;
    for (const problem of this.#ports.system.setAccess(devices, recorded, remove))
      this.#ports.log.warn(`access to the devices of ${seat}: ${problem}`);
  }

  #takeVt({ id, vt, uid }: Of<"vt.take">): void {
    const { system, clock } = this.#ports;
    system.takeVt(vt, uid, (error) => this.#submit({ kind: "vt.taken", at: clock.now(), id, error }));
  }

  #allocateVts(last: number): void {
    try {
      for (let vt = 1; vt <= last; vt++) this.#ports.system.allocateVt(vt);
    } catch (error) {
      this.#ports.log.warn(`cannot allocate VTs 1 to ${last}, keys pass over them: ${text(error)}`);
    }
  }

  #activateVt({ vt, id, requester }: Of<"vt.activate">): void {
    const reply = this.#ports.replies[requester.room];
    try {
      this.#ports.system.activateVt(vt);
    } catch (error) {
      const message = `cannot switch to VT ${vt}: ${text(error)}`;
      return reply.callReply(requester.call, { ok: false, refusal: "failed", message });
    }
    reply.callReply(requester.call, { ok: true, id });
  }

  #open({ id, device, vt, pid, active, requester }: Of<"device.open">): void {
    const { key } = device;
    this.#ports.system.openDevice({ device, vt, pid, active }, (result) =>
      this.#submit({ kind: "device.opened", at: this.#ports.clock.now(), id, key, requester, result }),
    );
  }

  #order(
    order: "pauseDevice" | "resumeDevice" | "closeDevice",
    kind: "device.paused" | "device.resumed" | "device.closed",
    { id, key }: Of<"device.pause" | "device.resume" | "device.close">,
  ): void {
    this.#ports.system[order](key, (error) =>
      this.#submit({ kind, at: this.#ports.clock.now(), id, key, error }),
    );
  }

  #takeReply({ requester, result }: Of<"take.reply">): void {
    const { login1, seatd } = this.#ports;
    (requester.room === "seatd" ? seatd : login1).takeReply(requester.call, result);
  }

  run(effect: SeatEffect): void {
    const { system, login1, seatd } = this.#ports;
    switch (effect.kind) {
      case "seat.save":
        return this.#save(effect.seat);
      case "seat.erase":
        return this.#erase(effect.id);
      case "access.set":
        return this.#setAccess(effect);
      case "vt.take":
        return this.#takeVt(effect);
      case "vt.release":
        return system.releaseVt(effect.vt);
      case "vts.allocate":
        return this.#allocateVts(effect.last);
      case "getty.start":
        return system.startGetty(effect);
      case "vt.activate":
        return this.#activateVt(effect);
      case "device.open":
        return this.#open(effect);
      case "device.pause":
        return this.#order("pauseDevice", "device.paused", effect);
      case "device.resume":
        return this.#order("resumeDevice", "device.resumed", effect);
      case "device.close":
        return this.#order("closeDevice", "device.closed", effect);
      case "take.reply":
        return this.#takeReply(effect);
      case "controller.paused":
        return login1.paused(effect.id, effect.control, effect.number, effect.how);
      case "controller.resumed":
        return login1.resumed(effect.id, effect.control, effect.number, effect.key);
      case "seatd.tell":
        return seatd.tell(effect.name, effect.what);
    }
  }
}
