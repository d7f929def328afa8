/** seat0 and the virtual terminal in its foreground. */

import type { Event } from "./events.ts";
import type { World } from "./model.ts";
import { type Step, same } from "./outcome.ts";
import { putSeat, seat0 } from "./seats.ts";

/** The screen shows another VT: the session on it, if any, is the active one from now on. */
export function vtActivated(world: World, event: Extract<Event, { kind: "vt.activated" }>): Step {
  const seat = seat0(world);
  if (seat.hasVts && seat.activeVt === event.vt) return same(world);
  const shown = { ...seat, hasVts: true, activeVt: event.vt };
  return { world: putSeat(world, shown), effects: [{ kind: "publish" }] };
}
