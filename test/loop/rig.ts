/** The real core and loop on the in-memory kernel, for the room that a test is about: nobody is in the others. */

import type { Instant, World } from "../../daemon/src/core/model.ts";
import type { MemoryKernel } from "../../daemon/src/kernel/memory.ts";
import { createClock } from "../../daemon/src/loop/clock.ts";
import { createEngine, type Engine } from "../../daemon/src/loop/engine.ts";
import type { LogPort, Ports, StorePort } from "../../daemon/src/loop/ports.ts";

/** As little as a store can do. */
export const emptyStore: StorePort = {
  reserveIds() {},
  saveSession() {},
  eraseSession() {},
  saveInhibitor() {},
  eraseInhibitor() {},
  saveUser() {},
  eraseUser() {},
  saveSeat() {},
  eraseSeat() {},
  saveLinger: (_uid, _name, done) => done(null),
  eraseLinger: (_uid, done) => done(null),
};

export interface Around {
  readonly kernel: MemoryKernel;
  readonly world: World;
  readonly now: () => Instant;
  readonly log: LogPort;
}

/** What there is of the rest. */
export interface Rooms extends Partial<Pick<Ports, "store" | "seatd" | "publish">> {
  readonly replies: Partial<Ports["replies"]>;
}

export function startEngine({ kernel, world, now, log }: Around, { replies, ...rooms }: Rooms): Engine {
  const nobody = { openReply() {}, callReply() {} };
  const engine = createEngine({
    world,
    ports: {
      store: emptyStore,
      system: kernel,
      clock: createClock({ now, start: () => null, stop() {}, soon: queueMicrotask }),
      log,
      replies: { pam: nobody, control: nobody, login1: nobody, seatd: nobody, ...replies },
      login1: { inhibitReply() {}, lock() {}, takeReply() {}, paused() {}, resumed() {} },
      seatd: { takeReply() {}, tell() {} },
      writeState() {},
      writeSeatState() {},
      publishSwitch() {},
      publish() {},
      ...rooms,
    },
    onBug: (error) => {
      throw error;
    },
  });
  kernel.onVtLeft((vt, shown) => engine.submit({ kind: "vt.left", at: now(), vt, shown }));
  kernel.onGettyEnded((end) => engine.submit({ kind: "getty.ended", at: now(), ...end }));
  kernel.watchActiveVt((vt) => engine.submit({ kind: "vt.activated", at: now(), vt }));
  kernel.watchDevices({
    found: (devices) => engine.submit({ kind: "devices.found", at: now(), devices }),
    changed: (changed, removed) => engine.submit({ kind: "devices.changed", at: now(), changed, removed }),
  });
  return engine;
}
