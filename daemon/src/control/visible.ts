/** What of the processes of others is shown to whom. */

import type { Uid } from "../core/model.ts";
import { mayControl } from "../core/policy.ts";
import { KernelError, type Peer, type ProcessLine } from "../kernel/kernel.ts";
import { callerOf } from "./register.ts";

/** Command lines may hold secrets: they are for the user and for root. */
export function visible(peer: Peer, owner: Uid, list: () => readonly ProcessLine[]): readonly ProcessLine[] {
  if (!mayControl(callerOf(peer), owner)) return [];
  try {
    return list();
  } catch (error) {
    if (error instanceof KernelError) return [];
    throw error;
  }
}
