/** Time: timer.set and timer.cancel become timer.fired. */

import type { Instant } from "../core/model.ts";
import type { ClockPort } from "./ports.ts";

/** The host's functions, so that the loop itself needs none. */
export interface TimeSource {
  /** Microseconds since 1970 and since boot. */
  now(): Instant;
  start(afterMs: number, fired: () => void): unknown;
  stop(handle: unknown): void;
  soon(action: () => void): void;
}

export function createClock(source: TimeSource): ClockPort {
  const pending = new Map<string, unknown>();
  return {
    now: source.now,
    soon: source.soon,
    setTimer(timer, afterMs, fired) {
      source.stop(pending.get(timer));
      const handle = source.start(afterMs, () => {
        pending.delete(timer);
        fired();
      });
      pending.set(timer, handle);
    },
    cancelTimer(timer) {
      const handle = pending.get(timer);
      if (handle === undefined) return;
      pending.delete(timer);
      source.stop(handle);
    },
  };
}
