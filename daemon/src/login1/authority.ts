/**
 * May this caller do this? The owner and root may; others ask polkit, whose "yes" is as good as being root. The core
 * asks again, of the caller that is returned here, when the order reaches it.
 */

import type { Call } from "../bus/call.ts";
import { INTERACTIVE_AUTHORIZATION_REQUIRED, refuse } from "../bus/errors.ts";
import type { Polkit } from "../bus/polkit.ts";
import type { Caller } from "../core/events.ts";
import type { Uid } from "../core/model.ts";
import { accessDenied } from "./errors.ts";

const ACTIONS = "org.freedesktop.login1.";

export interface Wanted {
  /** Name of the action after the common prefix. */
  readonly action: string;
  /** Who needs no permission; null: nobody but root. */
  readonly owner?: Uid | null;
  /** An argument of the call allows a question to the user, as its header does. */
  readonly interactive?: boolean;
}

export class Authority {
  readonly #polkit: Polkit;

  constructor(polkit: Polkit) {
    this.#polkit = polkit;
  }

  /** Rejects with what the caller is to be told. All that was known of the World is old when this returns. */
  async ask(call: Call, { action, owner = null, interactive = false }: Wanted): Promise<Caller> {
    const { caller } = call;
    if (caller.uid === 0 || caller.uid === owner) return callerOf(call);
    const may = call.interactive || interactive;
    const authority = await this.#polkit.check({ caller, action: ACTIONS + action, interactive: may });
    if (authority === "yes" && !caller.gone) return { ...callerOf(call), uid: 0 };
    if (authority === "challenge" && !may) {
      const text = `${call.member} takes an authentication, which the call does not allow`;
      throw refuse(INTERACTIVE_AUTHORIZATION_REQUIRED, text);
    }
    throw accessDenied(`user ${caller.uid} may not call ${call.member} (${ACTIONS}${action})`);
  }
}

/** For what the owner and root may do and nobody else. */
export function askOwner(call: Call, owner: Uid): Caller {
  if (call.caller.uid === 0 || call.caller.uid === owner) return callerOf(call);
  throw accessDenied(`only user ${owner} and root may call ${call.member}`);
}

export function askRoot(call: Call): void {
  if (call.caller.uid !== 0) throw accessDenied(`only root may call ${call.member}`);
}

export function callerOf({ caller }: Call): Caller {
  return { uid: caller.uid, pid: caller.pid ?? 0 };
}
