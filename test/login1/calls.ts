/** Calls and the room that answers them, without a bus: what the core is asked, and what callers are told. */

import type { Call, Caller } from "../../daemon/src/bus/call.ts";
import type { Authority as Answer } from "../../daemon/src/bus/polkit.ts";
import type { DBusError } from "../../daemon/src/bus/values.ts";
import type { Event } from "../../daemon/src/core/events.ts";
import type { World } from "../../daemon/src/core/model.ts";
import * as actions from "../../daemon/src/login1/actions.ts";
import { Authority } from "../../daemon/src/login1/authority.ts";
import { Orders } from "../../daemon/src/login1/orders.ts";
import type { Room } from "../../daemon/src/login1/room.ts";
import { onVt, session, worldOf } from "../store/sd-login-worlds.ts";

export const BOB = 1001;
/** Of the bus that everybody is on. */
export const GUID = "0123456789abcdef0123456789abcdef";

export class TestCall {
  readonly caller: { -readonly [K in keyof Caller]: Caller[K] };
  readonly args: readonly (string | number | boolean)[];
  readonly interactive = false;
  readonly member = "Member";
  readonly interface = "org.freedesktop.login1.Manager";
  answered = false;
  answer: unknown;
  error = "";

  constructor(uid: number, args: readonly (string | number | boolean)[] = []) {
    this.args = args;
    this.caller = { name: ":1.5", uid, pid: 4711, gone: false, whenGone: () => () => {} };
  }

  reply(answer: unknown): void {
    this.answered = true;
    this.answer = answer;
  }

  fail(error: DBusError): void {
    this.answered = true;
    this.error = error.type.split(".").at(-1) ?? "";
  }
}

export class TestRoom {
  now: World = worldOf(session("3", onVt(1)), session("4", { uid: BOB }));
  readonly submitted: Event[] = [];
  readonly unclaimed: string[] = [];
  readonly bugs: string[] = [];
  answerOfPolkit: (answer: Answer) => void = () => {};
  readonly orders: Orders;
  readonly room: Room;

  constructor(kernel: Partial<Room["kernel"]> = {}) {
    const note = (message: string) => void this.bugs.push(message);
    this.orders = new Orders({
      submit: (event) => void this.submitted.push(event),
      log: { info: note, warn: note, error: note },
      requester: () => ({ room: "login1", call: this.submitted.length + 1 }),
      unclaimed: (id) => void this.unclaimed.push(id),
    });
    const check = () => new Promise<Answer>((resolve) => (this.answerOfPolkit = resolve));
    this.room = {
      kernel,
      bus: () => GUID,
      tracker: { sessionOf: () => null, autoOf: () => null } as unknown as Room["tracker"],
      world: () => this.now,
      now: () => ({ realtime: 1, monotonic: 1 }),
      orders: this.orders,
      authority: new Authority({ check }),
    } as unknown as Room;
  }

  session(id: string) {
    return actions.present(this.room, id);
  }
}

export const asCall = (call: TestCall) => call as unknown as Call;

/** Last part of the error's name; "" for success. */
export async function nameOf(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return "";
  } catch (error) {
    return (error as DBusError).type.split(".").at(-1) ?? "";
  }
}
