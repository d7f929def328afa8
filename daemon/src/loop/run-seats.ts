/** The effects about seats, virtual terminals and devices. */

import type { Event } from "../core/events.ts";
import type { SeatEffect } from "../core/seat-effects.ts";
import { text } from "./failure.ts";
import type { Ports } from "./ports.ts";

type Of<K extends SeatEffect["kind"]> = Extract<SeatEffect, { kind: K }>;

export class SeatRunner {
  readonly #ports: Ports;
  readonly #submit: (event: Event) => void;

  constructor(ports: Ports, submit: (event: Event) => void) {
    this.#ports = ports;
    this.#submit = submit;
  }

  #attempt(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#ports.log.warn(`cannot ${what}: ${text(error)}`);
    }
  }

  #setAccess({ seat, devices, uid, remove }: Of<"access.set">): void {
    for (const problem of this.#ports.system.setAccess(devices, uid, remove))
      this.#ports.log.warn(`access to the devices of ${seat}: ${problem}`);
  }

  #takeVt({ id, vt, uid }: Of<"vt.take">): void {
    const { system, clock } = this.#ports;
    system.takeVt(vt, uid, (error) => this.#submit({ kind: "vt.taken", at: clock.now(), id, error }));
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
    const { store, system, login1, seatd } = this.#ports;
    switch (effect.kind) {
      case "seat.save":
        return this.#attempt(`record seat ${effect.seat.id}`, () => store.saveSeat(effect.seat));
      case "seat.erase":
        return this.#attempt(`erase the record of seat ${effect.id}`, () => store.eraseSeat(effect.id));
      case "access.set":
        return this.#setAccess(effect);
      case "vt.take":
        return this.#takeVt(effect);
      case "vt.release":
        return system.releaseVt(effect.vt);
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
