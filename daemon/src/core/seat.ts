/** seat0 and the virtual terminal in its foreground. */

import type { Event } from "./events.ts";
import type { World } from "./model.ts";
import { type Step, same } from "./outcome.ts";

/** The screen shows another VT: the session on it, if any, is the active one from now on. */
export function vtActivated(world: World, event: Extract<Event, { kind: "vt.activated" }>): Step {
  if (world.seat0.hasVts && world.seat0.activeVt === event.vt) return same(world);
  const seat0 = { ...world.seat0, hasVts: true, activeVt: event.vt };
  return { world: { ...world, seat0 }, effects: [{ kind: "publish" }] };
}
