/** org.freedesktop.login1.Seat */

import type { Call } from "../bus/call.ts";
import { defineInterface } from "../bus/define.ts";
import type { Property } from "../bus/table.ts";
import { sessionsOnSeat } from "../core/display.ts";
import { idleOfSeat } from "../core/idle.ts";
import type { Session } from "../core/model.ts";
import { activeSession } from "../core/select.ts";
import * as actions from "./actions.ts";
import { noSuchSession, sessionNotOnSeat } from "./errors.ts";
import { NOTHING, SERVICE, sessionPath } from "./paths.ts";
import type { Room, SeatObject } from "./room.ts";
import { changing, constant, idleRows, method, silent } from "./rows.ts";

const named = ({ id }: Session) => [id, sessionPath(id)];

function active({ world, seat }: SeatObject) {
  const session = activeSession(world, seat);
  return session === null ? NOTHING : named(session);
}

const properties: readonly Property<SeatObject>[] = [
  constant("Id", "s", ({ seat }) => seat.id),
  changing("ActiveSession", "(so)", active),
  { ...constant<SeatObject>("CanMultiSession", "b", () => true), hidden: true },
  constant("CanTTY", "b", ({ seat }) => seat.hasVts),
  changing("CanGraphical", "b", ({ seat }) => seat.graphical),
  silent("Sessions", "a(so)", ({ world, seat }) => sessionsOnSeat(world, seat).map(named)),
  ...idleRows<SeatObject>(({ world, seat }) => idleOfSeat(world, seat)),
];

/** The session of that id, which has to be on the seat. */
export async function activateOnSeat(room: Room, seat: string, id: string, call: Call): actions.Later {
  const session = room.world().sessions.get(id);
  if (session === undefined) throw noSuchSession(`there is no session ${JSON.stringify(id)}`);
  if (session.seat !== seat) throw sessionNotOnSeat(`session ${id} is not on seat ${seat}`);
  return await actions.activate(room, session, call);
}

const switchTo =
  (place: "next" | "previous") =>
  ({ room, seat }: SeatObject, call: Call) =>
    actions.switchSeat(room, seat.id, place, call);

export const seatInterface = defineInterface<SeatObject>({
  name: `${SERVICE}.Seat`,
  properties,
  methods: [
    method("Terminate", {}, ({ room, seat }, call) => actions.terminateSeat(room, seat.id, call)),
    method("ActivateSession", { in: "s", args: "session_id" }, ({ room, seat }, call) =>
      activateOnSeat(room, seat.id, call.args[0] as string, call),
    ),
    method("SwitchTo", { in: "u", args: "vtnr" }, ({ room, seat }, call) =>
      actions.switchSeat(room, seat.id, call.args[0] as number, call),
    ),
    method("SwitchToNext", {}, switchTo("next")),
    method("SwitchToPrevious", {}, switchTo("previous")),
  ],
});
