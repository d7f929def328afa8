/** Questions to polkit: may this caller do that? Everything but a clear yes is a no. */

import type { Bus, CallOptions } from "./bus.ts";
import type { Caller } from "./call.ts";
import { NO_REPLY } from "./errors.ts";
import { DBusError, Message, type Value, Variant } from "./values.ts";

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

const NAME = "org.freedesktop.PolicyKit1";
const PATH = "/org/freedesktop/PolicyKit1/Authority";
const INTERFACE = "org.freedesktop.PolicyKit1.Authority";
const ALLOW_USER_INTERACTION = 1;
const PATIENCE_MS = 25_000;
const INTERACTIVE_MS = 120_000;
const PER_UID_MAX = 16;
const ALL_MAX = 256;
/** polkit's uids are signed: a larger one would be somebody else's. */
const UID_MAX = 0x7fff_ffff;

class PolkitClient implements Polkit {
  readonly #bus: Pick<Bus, "call">;
  readonly #openByUid = new Map<number, number>();
  #open = 0;
  #questions = 0;

  constructor(bus: Pick<Bus, "call">) {
    this.#bus = bus;
  }

  async check(question: Question): Promise<Authority> {
    const { caller } = question;
    const own = this.#openByUid.get(caller.uid) ?? 0;
    if (caller.gone || caller.uid > UID_MAX || own >= PER_UID_MAX || this.#open >= ALL_MAX) return "no";
    this.#openByUid.set(caller.uid, own + 1);
    this.#open += 1;
    try {
      return await this.#ask(question);
    } finally {
      const left = (this.#openByUid.get(caller.uid) ?? 1) - 1;
      if (left === 0) this.#openByUid.delete(caller.uid);
      else this.#openByUid.set(caller.uid, left);
      this.#open -= 1;
    }
  }

  /** polkit forgets a question that is taken back; one that it has answered cannot be. */
  async #ask({ caller, action, interactive, details = new Map() }: Question): Promise<Authority> {
    this.#questions += 1;
    const id = `sessionman-${this.#questions}`;
    // the name is all: a process id may be another process's by the time polkit looks
    const subject = ["system-bus-name", new Map([["name", new Variant("s", caller.name)]])];
    const flags = interactive ? ALLOW_USER_INTERACTION : 0;
    const timeoutMs = interactive ? INTERACTIVE_MS : PATIENCE_MS;
    const asked = this.#call(
      "CheckAuthorization",
      "(sa{sv})sa{ss}us",
      [subject, action, details, flags, id],
      {
        reply: "(bba{ss})",
        timeoutMs,
      },
    );
    let forget = () => {};
    const left = new Promise<null>((resolve) => {
      forget = caller.whenGone(() => resolve(null));
    });
    try {
      const answer = await Promise.race([asked, left]);
      if (answer === null) this.#takeBack(id);
      return answer === null || caller.gone ? "no" : authorityIn(answer);
    } catch (error) {
      if (error instanceof DBusError && error.type === NO_REPLY) this.#takeBack(id);
      return "no";
    } finally {
      forget();
    }
  }

  #takeBack(id: string): void {
    this.#call("CancelCheckAuthorization", "s", [id], { reply: "" }).catch(() => {});
  }

  #call(
    member: string,
    signature: string,
    body: readonly Value[],
    options: CallOptions,
  ): Promise<readonly Value[]> {
    const head = { destination: NAME, path: PATH, interface: INTERFACE, member };
    return this.#bus.call(new Message({ ...head, signature, body }), options);
  }
}

function authorityIn([result]: readonly Value[]): Authority {
  const [authorized, challenge] = Array.isArray(result) ? result : [];
  if (authorized === true) return "yes";
  return challenge === true ? "challenge" : "no";
}

export function createPolkit(bus: Pick<Bus, "call">): Polkit {
  return new PolkitClient(bus);
}
