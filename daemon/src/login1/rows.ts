/** Short ways to write the rows of tables. */

import type { Method, Property, Signal } from "../bus/table.ts";
import type { Value } from "../bus/values.ts";
import type { Idle } from "../core/idle.ts";
import type { Instant } from "../core/model.ts";

type Get<T> = (target: T) => Value;
type Handler<T> = Method<T>["handler"];

/** Never changes. */
export function constant<T>(name: string, signature: string, get: Get<T>): Property<T> {
  return { name, signature, emits: "const", get };
}

/** Every change is told, with the value. */
export function changing<T>(name: string, signature: string, get: Get<T>): Property<T> {
  return { name, signature, emits: "true", get };
}

/** Changes without a word. */
export function silent<T>(name: string, signature: string, get: Get<T>): Property<T> {
  return { name, signature, emits: "false", get };
}

/** args: names, those of what comes in first, separated by spaces. */
export function method<T>(
  name: string,
  signature: { readonly in?: string; readonly out?: string; readonly args?: string },
  handler: Handler<T>,
): Method<T> {
  const { in: taken = "", out = "", args = "" } = signature;
  return { name, in: taken, out, args: words(args), handler };
}

export function signal(name: string, signature = "", args = ""): Signal {
  return { name, signature, args: words(args) };
}

const words = (text: string): string[] => (text === "" ? [] : text.split(" "));

export function realtime(instant: Instant | null): bigint {
  return BigInt(instant?.realtime ?? 0);
}

export function monotonic(instant: Instant | null): bigint {
  return BigInt(instant?.monotonic ?? 0);
}

/** The three properties about idleness that every kind of object has. */
export function idleRows<T>(idle: (target: T) => Idle): Property<T>[] {
  return [
    changing("IdleHint", "b", (target) => idle(target).hint),
    changing("IdleSinceHint", "t", (target) => realtime(idle(target).since)),
    changing("IdleSinceHintMonotonic", "t", (target) => monotonic(idle(target).since)),
  ];
}
