/** The effects about service managers and lingering. */

import type { Effect } from "../core/effects.ts";
import type { Event } from "../core/events.ts";
import type { ManagerNews, Uid } from "../core/model.ts";
import { text } from "./failure.ts";
import type { Ports } from "./ports.ts";

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

export class ServiceRunner {
  readonly #ports: Ports;
  readonly #submit: (event: Event) => void;

  constructor(ports: Ports, submit: (event: Event) => void) {
    this.#ports = ports;
    this.#submit = submit;
  }

  start({ uid, gid, user, backend }: Of<"manager.start">): void {
    this.#following(uid, "start", (told) =>
      this.#ports.system.startManager({ uid, gid, user, backend }, told),
    );
  }

  adopt({ uid }: Of<"manager.adopt">): void {
    this.#following(uid, "reach", (told) => this.#ports.system.adoptManager(uid, told));
  }

  order({ uid, order }: Of<"manager.order">): void {
    this.#attempt(`order the services of user ${uid} to ${order}`, () =>
      this.#ports.system.orderManager(uid, order),
    );
  }

  signal({ uid, signal }: Of<"manager.signal">): void {
    this.#attempt(`signal the services of user ${uid}`, () => this.#ports.system.signalManager(uid, signal));
  }

  kill({ uid }: Of<"manager.kill">): void {
    this.#attempt(`kill the services of user ${uid}`, () => this.#ports.system.killManager(uid));
  }

  /** It never fails for good: what cannot be removed now must not keep the user waiting for ever. */
  clean({ uid }: Of<"manager.clean">): void {
    const cleaned = () => this.#submit({ kind: "manager.cleaned", at: this.#ports.clock.now(), uid });
    try {
      this.#ports.system.cleanManager(uid, cleaned);
    } catch (error) {
      this.#ports.log.warn(`cannot clear away the services of user ${uid}: ${text(error)}`);
      cleaned();
    }
  }

  tellEnvironment({ uid, set, unset }: Of<"manager.environment">): void {
    this.#attempt(`tell the services of user ${uid} of variables`, () =>
      this.#ports.system.tellEnvironment(uid, set, unset),
    );
  }

  tellGraphical({ uid, phase }: Of<"manager.graphical">): void {
    this.#attempt(`tell the services of user ${uid} of the graphical session`, () =>
      this.#ports.system.tellGraphical(uid, phase),
    );
  }

  erase({ uid }: Of<"manager.erase">): void {
    this.#attempt(`erase the log of user ${uid}'s services`, () => this.#ports.system.eraseManager(uid));
  }

  lookUp({ uid }: Of<"user.lookUp">): void {
    const { system, clock } = this.#ports;
    this.#attempt(`look up user ${uid}`, () =>
      system.lookUpUser(uid, (user) => this.#submit({ kind: "user.lookedUp", at: clock.now(), uid, user })),
    );
  }

  saveLinger({ requester, user, enabled }: Of<"linger.save">): void {
    const { store, clock } = this.#ports;
    const done = (error: string | null) =>
      this.#submit(
        error === null
          ? { kind: "linger.saved", at: clock.now(), requester, user, enabled }
          : { kind: "linger.failed", requester, user, error },
      );
    try {
      if (enabled) store.saveLinger(user.uid, user.name, done);
      else store.eraseLinger(user.uid, done);
    } catch (error) {
      done(text(error));
    }
  }

  /** A manager that cannot be had is one that has ended. */
  #following(uid: Uid, verb: string, action: (told: (news: ManagerNews) => void) => void): void {
    const told = (news: ManagerNews) =>
      this.#submit({ kind: "manager.told", at: this.#ports.clock.now(), uid, news });
    try {
      action(told);
    } catch (error) {
      told({ state: "ended", message: `cannot ${verb} it: ${text(error)}` });
    }
  }

  #attempt(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#ports.log.warn(`cannot ${what}: ${text(error)}`);
    }
  }
}
