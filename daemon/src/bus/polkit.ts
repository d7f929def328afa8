/** Questions to polkit: may this caller do that? Everything but a clear yes is a no. */

import type { Bus } from "./bus.ts";
import type { Caller } from "./call.ts";

/** challenge: only after a question to the caller's user, which was not allowed here. */
export type Authority = "yes" | "no" | "challenge";

export interface Question {
  readonly caller: Caller;
  readonly action: string;
  /** polkit may ask the user, for up to two minutes. */
  readonly interactive: boolean;
  readonly details?: ReadonlyMap<string, string>;
}

export interface Polkit {
  /**
   * Never rejects. "no" without polkit, at once beyond 16 open questions of a uid or 256 of all, after 25 s (120 s if
   * interactive), and when the caller has left.
   */
  check(question: Question): Promise<Authority>;
}

export type CreatePolkit = (bus: Bus) => Polkit;
