/** The methods about users and what goes on for them beside their sessions: lingering, the log, the environment. */

import type { Account } from "../core/events.ts";
import type { SessionId, World } from "../core/model.ts";
import { type Ask, settle } from "./ask.ts";
import { failure } from "./errors.ts";
import type { MethodsOptions } from "./methods.ts";
import { callerOf, userOf } from "./register.ts";
import { renderLingerers } from "./render.ts";

type Options = Pick<MethodsOptions, "kernel" | "world" | "now">;

/** All that a terminal could obey; ends of lines and tabs are text. */
const UNPRINTABLE = /(?![\n\t])[\p{C}\u2028\u2029]/gu;

export class UserServices {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The account is asked for first: a user who lingers has to be one, and may have no session. */
  setLinger(ask: Ask<"SetLinger">): void {
    const uid = userOf(ask.parameters, ask.peer);
    if (typeof uid !== "number") return ask.refuse(uid);
    this.#options.kernel.lookUpUser(uid, (user) => {
      ask.resume(() => this.#setLingerOf(ask, uid, user));
    });
  }

  #setLingerOf(ask: Ask<"SetLinger">, uid: number, found: Account | null): void {
    const { enabled } = ask.parameters;
    const user = found ?? (enabled ? null : removedUser(this.#options.world(), uid));
    if (user === null) return ask.refuse(failure("NoSuchUser", { uid }));
    const caller = callerOf(ask.peer);
    const at = this.#options.now();
    ask.order((requester) => ({ kind: "linger.requested", at, requester, caller, user, enabled }), {
      call: (result) => settle(ask, result, { id: "", uid }, {}),
    });
  }

  listLinger(ask: Ask<"ListLinger">): void {
    ask.reply({ users: renderLingerers(this.#options.world(), this.#options.kernel) });
  }

  giveLog(ask: Ask<"GetUserLog">): void {
    const uid = userOf(ask.parameters, ask.peer);
    if (typeof uid !== "number") return ask.refuse(uid);
    if (!this.#options.world().users.has(uid)) return ask.refuse(failure("NoSuchUser", { uid }));
    ask.reply({ text: readable(this.#options.kernel.managerLog(uid)) });
  }

  /** from: the session that the caller is in. */
  importEnvironment(ask: Ask<"ImportEnvironment">, from: SessionId | null): void {
    const uid = userOf(ask.parameters, ask.peer);
    if (typeof uid !== "number") return ask.refuse(uid);
    const { unset } = ask.parameters;
    const set = new Map(Object.entries(ask.parameters.set));
    const session = this.#options.world().sessions.get(from ?? "")?.uid === uid ? from : null;
    const caller = callerOf(ask.peer);
    const at = this.#options.now();
    ask.order(
      (requester) => ({ kind: "environment.imported", at, requester, caller, uid, session, set, unset }),
      { call: (result) => settle(ask, result, { id: session ?? "", uid }, {}) },
    );
  }
}

/** Somebody for whom lingering was turned on and whom the user database does not know any more. */
function removedUser(world: World, uid: number): Account | null {
  const name = world.lingering.get(uid);
  return name === undefined ? null : { uid, gid: uid, name, groups: [] };
}

function readable(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}
