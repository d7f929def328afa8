/** The methods about seats and what is in their foreground, and the lock of a session's screen. */

import type { Session, SessionId, World } from "../core/model.ts";
import type { Seat } from "../core/seat-model.ts";
import { allSeats, seatOf } from "../core/seats.ts";
import { activeSession } from "../core/select.ts";
import type { Peer } from "../kernel/kernel.ts";
import { type Failure, invalidParameter, permissionDenied } from "../varlink/errors.ts";
import { type Ask, settle } from "./ask.ts";
import { failure } from "./errors.ts";
import type { Method } from "./interface.ts";
import type { MethodsOptions } from "./methods.ts";
import { callerOf } from "./register.ts";
import { devicesOf, renderDevice, renderSeat, takenDevices } from "./render-seat.ts";

type Options = Pick<MethodsOptions, "kernel" | "world" | "now">;
/** The session that the caller is in, or why there is none. */
type Own = SessionId | Failure;
type Switch = "SwitchTo" | "SwitchToNext" | "SwitchToPrevious";

export class Seats {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  list(ask: Ask<"ListSeats">): void {
    const world = this.#options.world();
    ask.reply({ seats: allSeats(world).map((seat) => renderSeat(world, seat)) });
  }

  show(ask: Ask<"GetSeat">): void {
    const { kernel, world } = this.#options;
    const now = world();
    const seat = this.#find(ask, ask.parameters.id);
    if (seat === null) return;
    const taken = takenDevices(now);
    const devices = devicesOf(now, seat.id).map((device) =>
      renderDevice(device, device.node === "" ? null : kernel.readAccess(device.node), taken),
    );
    ask.reply({ seat: renderSeat(now, seat), devices });
  }

  /** Of a session without a seat the core says that it cannot be. */
  activate(ask: Ask<"ActivateSession">, { id, seat: place }: Session, own: Own): void {
    const world = this.#options.world();
    const seat = seatOf(world, place);
    if (seat !== null && !maySwitch(world, seat, ask.peer, own)) return ask.refuse(permissionDenied);
    const caller = callerOf(ask.peer);
    const at = this.#options.now();
    ask.order((requester) => ({ kind: "session.activateRequested", at, requester, caller, id }), {
      call: (result) => settle(ask, result, { id, uid: 0 }, {}),
    });
  }

  switchTo(ask: Ask<Switch>, place: number | "next" | "previous", own: Own): void {
    const { seat: id } = ask.parameters;
    const seat = this.#find(ask, id);
    if (seat === null) return;
    if (typeof place === "number" && place < 1) return ask.refuse(invalidParameter("place"));
    if (!maySwitch(this.#options.world(), seat, ask.peer, own)) return ask.refuse(permissionDenied);
    const caller = callerOf(ask.peer);
    const at = this.#options.now();
    ask.order((requester) => ({ kind: "seat.switchRequested", at, requester, caller, seat: id, place }), {
      call: (result) => settle(ask, result, { id: "", uid: 0, seat: id }, {}),
    });
  }

  lock(ask: Ask<"LockSession" | "UnlockSession">, lock: boolean): void {
    const { id } = ask.parameters;
    const caller = callerOf(ask.peer);
    const at = this.#options.now();
    ask.order((requester) => ({ kind: "session.lockRequested", at, requester, caller, id, lock }), {
      call: (result) => settle(ask, result, { id, uid: 0 }, {}),
    });
  }

  #find(ask: Ask<Method>, id: string): Seat | null {
    const seat = seatOf(this.#options.world(), id);
    if (seat === null) ask.refuse(failure("NoSuchSeat", { seat: id }));
    return seat;
  }
}

/** As polkit's rules for login1 are without an administrator's own: who sits there may turn to somebody else. */
function maySwitch(world: World, seat: Seat, peer: Peer, own: Own): boolean {
  if (peer.uid === 0 || activeSession(world, seat)?.uid === peer.uid) return true;
  const session = typeof own === "string" ? world.sessions.get(own) : undefined;
  return session?.uid === peer.uid && seat.sessions.includes(session.id);
}
