/** org.freedesktop.login1.Seat */

import type { Call } from "../bus/call.ts";
import { defineInterface } from "../bus/define.ts";
import type { Property } from "../bus/table.ts";
import { sessionsOnSeat } from "../core/display.ts";
import { idleOfSeat } from "../core/idle.ts";
import type { Session } from "../core/model.ts";
import { SEAT0, seat0 } from "../core/seats.ts";
import { activeSession, sessionOnVt } from "../core/select.ts";
import * as actions from "./actions.ts";
import { invalidArgs, noSuchSession, notSupported, sessionNotOnSeat } from "./errors.ts";
import { NOTHING, SERVICE, sessionPath } from "./paths.ts";
import type { Room, SeatObject } from "./room.ts";
import { changing, constant, idleRows, method, silent } from "./rows.ts";

const VT_MAX = 63;

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
  // no graphics device belongs to a seat
  changing("CanGraphical", "b", () => false),
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

/** To the terminal that is shown already. */
async function switchTo({ room }: SeatObject, call: Call): actions.Later {
  const [vt] = call.args as [number];
  await room.authority.ask(call, { action: "chvt" });
  const seat = seat0(room.world());
  if (vt < 1 || vt > VT_MAX || !seat.hasVts)
    throw invalidArgs(`${vt} is not a virtual terminal of ${seat.id}`);
  if (vt === seat.activeVt) return [];
  throw notSupported(`virtual terminal ${vt} is in the background: switch to it by hand`);
}

/** The next or the one before in the order of terminals, around the end; with one session that is itself. */
async function switchBy({ room }: SeatObject, call: Call): actions.Later {
  await room.authority.ask(call, { action: "chvt" });
  const world = room.world();
  const vts = new Set(sessionsOnSeat(world, seat0(world)).map((session) => session.vtnr));
  if (vts.size === 0) throw invalidArgs(`there is no session on ${SEAT0}`);
  const shown = seat0(world).activeVt;
  if (vts.size === 1 && sessionOnVt(world, seat0(world), shown, () => true) !== null) return [];
  throw notSupported("the next session is on a virtual terminal in the background: switch to it by hand");
}

export const seatInterface = defineInterface<SeatObject>({
  name: `${SERVICE}.Seat`,
  properties,
  methods: [
    method("Terminate", {}, ({ room, seat }, call) => actions.terminateSeat(room, seat.id, call)),
    method("ActivateSession", { in: "s", args: "session_id" }, ({ room, seat }, call) =>
      activateOnSeat(room, seat.id, call.args[0] as string, call),
    ),
    method("SwitchTo", { in: "u", args: "vtnr" }, switchTo),
    method("SwitchToNext", {}, switchBy),
    method("SwitchToPrevious", {}, switchBy),
  ],
});
