/**
 * Where events meet effects. One event at a time is run to its end; what its effects report waits in the queue.
 * A step that throws leaves the World as it was: the bug costs its event, an effect that throws costs itself.
 */

import type { Event } from "../core/events.ts";
import type { World } from "../core/model.ts";
import { step } from "../core/step.ts";
import type { Ports } from "./ports.ts";
import { Runner } from "./run.ts";

export interface Engine {
  /** Queues an event; runs it before returning unless the loop is already running. */
  submit(event: Event): void;
  world(): World;
}

export interface EngineOptions {
  readonly world: World;
  readonly ports: Ports;
  /** Called with what a step threw; tests rethrow. */
  readonly onBug: (error: unknown, event: Event) => void;
}

export function createEngine({ world: first, ports, onBug }: EngineOptions): Engine {
  let world = first;
  let published = first;
  let running = false;
  const queue: Event[] = [];
  let due = false;
  const seatWritten = (seat: string) => ports.writeSeatState(world, seat);
  const runner = new Runner(ports, submit, {
    seatWritten,
    published: makeKnown,
    publishedSoon,
    switchPublished,
  });

  /** Who hears of something reads of it then. */
  function makeKnown(): void {
    const before = published;
    published = world;
    ports.writeState(before, world);
    ports.publish(before, world);
  }

  function switchPublished(): void {
    ports.publishSwitch(published, world);
    publishedSoon();
  }

  function publishedSoon(): void {
    if (due) return;
    due = true;
    ports.clock.soon(() => {
      due = false;
      if (published !== world) makeKnown();
    });
  }

  function handle(event: Event): void {
    const effects = attempt(event, () => {
      const { world: next, effects: ordered } = step(world, event);
      world = next;
      return ordered;
    });
    for (const effect of effects ?? []) attempt(event, () => runner.run(effect));
  }

  function attempt<T>(event: Event, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      onBug(error, event);
      return undefined;
    }
  }

  function submit(event: Event): void {
    queue.push(event);
    if (running) return;
    running = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) handle(next);
    running = false;
  }

  return { submit, world: () => world };
}
