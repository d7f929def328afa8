/** The bus of a simulated machine: who is connected to it, and what they ask of the daemon and are answered. */

import type { InhibitResult } from "../../daemon/src/core/effects.ts";
import type { Event, Request } from "../../daemon/src/core/events.ts";
import type { SessionType } from "../../daemon/src/core/model.ts";
import type { Process } from "./machine.ts";
import type { Simulation } from "./simulation.ts";

type Wish<R = Request> = R extends Request ? Omit<R, "at" | "requester"> : never;

interface Question {
  /** null: one that is gone by the time of the answer. */
  readonly process: Process | null;
  readonly at: number;
}

export class Bus {
  readonly wrongs: string[] = [];
  guid = "1".padStart(32, "0");
  /** The daemon has not found it yet: what it says is lost. */
  away = false;
  readonly names = new Set<string>();
  /** Of each session, as it was when it was opened. */
  readonly types = new Map<string, SessionType>();
  readonly #machine: Simulation;
  readonly #asked = new Map<number, Question>();
  #lastName = 0;
  #lastCall = 0;

  constructor(machine: Simulation) {
    this.#machine = machine;
  }

  connect(): string {
    this.#lastName += 1;
    const name = `:1.${this.#lastName}`;
    this.names.add(name);
    return name;
  }

  disconnect(name: string): void {
    this.names.delete(name);
    this.#machine.submit({ kind: "bus.nameLost", at: this.#machine.instant(), name });
  }

  /** The bus ends, and another one begins: others get the names, from the first on. */
  replace(): void {
    const before = [...this.names];
    for (const name of before) this.disconnect(name);
    this.#lastName = 0;
    this.guid = String(Number(this.guid) + 1).padStart(32, "0");
    for (const _name of before) this.connect();
    this.connected();
  }

  /** The daemon finds the bus. */
  connected(): void {
    this.away = false;
    this.#machine.submit({
      kind: "bus.connected",
      at: this.#machine.instant(),
      bus: this.guid,
      names: new Set(this.names),
    });
  }

  /** Answers whether it was away. */
  comeBack(): boolean {
    if (!this.away || this.#machine.dead) return false;
    this.connected();
    return true;
  }

  /** For a question that somebody else looks after. */
  number(): number {
    this.#lastCall += 1;
    return this.#lastCall;
  }

  /** Each question has to be answered once. */
  ask(wish: Wish, process: Process | null = null): void {
    this.comeBack();
    if (this.#machine.dead) return;
    const call = this.number();
    this.#asked.set(call, { process, at: this.#machine.now });
    const requester = { room: "login1", call } as const;
    this.#machine.submit({ ...wish, at: this.#machine.instant(), requester } as Event);
  }

  /** Who asked. */
  answered(call: number): Process | null {
    const question = this.#asked.get(call);
    this.#asked.delete(call);
    if (question === undefined) this.wrongs.push(`call ${call} was answered without a question`);
    const ms = (this.#machine.now - (question?.at ?? 0)) / 1000;
    if (ms > this.#machine.policy.services.loginTimeoutMs + 1)
      this.wrongs.push(`call ${call} waited ${ms} ms for its answer`);
    return question?.process ?? null;
  }

  /** The write end goes to who asked, unless they are gone. */
  inhibitAnswered(call: number, result: InhibitResult): void {
    const process = this.answered(call);
    if (!result.ok || process === null) return;
    const { id } = result;
    const recorded = this.#machine.storedInhibitors().some((each) => each.id === id);
    if (!recorded || !this.#machine.inhibitorFifos.has(id))
      this.wrongs.push(`inhibitor ${id} was granted before it was recorded`);
    if (process.alive) process.inhibits.add(id);
  }

  /** Who asked the last daemon is told by the bus that it is gone. */
  restarted(): void {
    this.#asked.clear();
  }

  get unanswered(): number {
    return this.#asked.size;
  }
}
