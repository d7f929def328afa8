/** The effects about inhibitors. */

import type { Effect } from "../core/effects.ts";
import type { Event } from "../core/events.ts";
import { text } from "./failure.ts";
import type { Ports } from "./ports.ts";

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

export class InhibitorRunner {
  readonly #ports: Ports;
  readonly #submit: (event: Event) => void;

  constructor(ports: Ports, submit: (event: Event) => void) {
    this.#ports = ports;
    this.#submit = submit;
  }

  create({ inhibitor, requester }: Of<"inhibit.create">): void {
    const { id } = inhibitor;
    try {
      this.#ports.system.createInhibitor(id);
      this.#ports.store.saveInhibitor(inhibitor);
    } catch (error) {
      this.#submit({ kind: "inhibit.failed", id, requester, error: text(error) });
      return;
    }
    this.#submit({ kind: "inhibit.created", id, requester });
  }

  /** One whose end would not be heard of has ended. */
  watch({ id }: Of<"inhibitor.watch">): void {
    const ended = () => this.#submit({ kind: "inhibitor.ended", id });
    try {
      this.#ports.system.watchInhibitor(id, ended);
    } catch (error) {
      this.#ports.log.warn(`cannot watch the FIFO of inhibitor ${id}: ${text(error)}`);
      ended();
    }
  }
}
