/** A stopwatch at the door: how long each login of a simulated machine waits, and whether it may. */

import type { OpenResult } from "../../daemon/src/core/effects.ts";
import type { Session } from "../../daemon/src/core/model.ts";
import type { Simulation } from "./simulation.ts";

/** What a login may take that waits for nothing. */
const AT_ONCE = 1000;

interface Login {
  readonly uid: number;
  readonly at: number;
  /** An earlier login has waited in vain, and no manager has run since. */
  readonly impatient: boolean;
  /** The backend in force when it came; "" for none. */
  readonly backend: string;
}

export class Logins {
  readonly wrongs: string[] = [];
  readonly #machine: Simulation;
  readonly #open = new Map<number, Login>();
  readonly #vain = new Set<number>();

  constructor(machine: Simulation) {
    this.#machine = machine;
  }

  asked(call: number, uid: number): void {
    const { backend } = this.#machine.policy.services.default;
    this.#open.set(call, { uid, at: this.#machine.now, impatient: this.#vain.has(uid), backend });
  }

  /** The record that says so is gone. */
  forgotten(uid: number): void {
    this.#vain.delete(uid);
  }

  /** Who asked the last daemon has to ask again. */
  restarted(): void {
    this.#open.clear();
    if (this.#machine.diskWasFull) this.#vain.clear();
  }

  ran(uid: number): void {
    this.#vain.delete(uid);
  }

  answered(call: number, result: OpenResult): void {
    const login = this.#open.get(call);
    this.#open.delete(call);
    if (login === undefined) return;
    const { loginTimeoutMs, classes } = this.#machine.policy.services;
    const ms = (this.#machine.now - login.at) / 1000;
    if (ms > loginTimeoutMs + 1) this.wrongs.push(`login ${call} waited ${ms} ms`);
    if (result.outcome !== "opened" || result.session.created.realtime < login.at) return;
    const { session } = result;
    const wants = classes.includes(session.class) && login.backend !== "";
    if (wants) this.#machine.excused.delete(login.uid);
    if (!wants && ms > AT_ONCE) this.wrongs.push(`login ${call} of class ${session.class} waited ${ms} ms`);
    if (login.impatient && ms > AT_ONCE)
      this.wrongs.push(`login ${call} waited ${ms} ms after another one did in vain`);
    if (ms >= loginTimeoutMs) this.#vain.add(login.uid);
    else if (wants) this.#checkUp(call, session);
  }

  /** It was answered because there is nothing to wait for. */
  #checkUp(call: number, session: Session): void {
    const user = this.#machine.engine.world().users.get(session.uid);
    const state = user?.manager.state;
    if ((state === "starting" || state === "ready") && user?.impatient === false)
      this.wrongs.push(`login ${call} did not wait for the manager that is ${state}`);
  }
}
