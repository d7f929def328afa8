/** The end of a control, or of a device: what came with it goes back. */

import type { Effect } from "./effects.ts";
import { SEATD, type Session, type World } from "./model.ts";
import { chain, type Step, same, saveSession } from "./outcome.ts";
import { pausedEffect } from "./pausing.ts";
import type { Taken } from "./seat-model.ts";
import { seat0 } from "./seats.ts";
import { closeDevices, withoutDevices } from "./takings.ts";

/** The session without its controller, and without what the controller had and changed for as long as it is there. */
export function uncontrolled(session: Session): Session {
  const { control } = session;
  return control === null ? session : { ...session, control: null, devices: [], type: control.originalType };
}

/**
 * Gives back what the controller of this session had, after the session's record says that it has it no longer: what
 * the keeper holds and no record names is closed by the next daemon, too. released, gone: by the controller's own
 * doing; taken: its connection to the seatd socket is ended.
 */
export function relinquish(world: World, before: Session, how: "released" | "gone" | "taken"): Step {
  const { control, devices, vtnr } = before;
  if (control === null) return same(world);
  const close: Effect[] =
    how === "taken" && control.bus === SEATD
      ? [{ kind: "seatd.tell", name: control.name, what: "close" }]
      : [];
  return chain(
    world,
    (now) => closeDevices(now, before, devices),
    (now) => (control.vt ? freeVt(now, vtnr) : same(now)),
    (now) => ({ world: now, effects: close }),
  );
}

/** Unless somebody else controls a session on the same terminal, or is about to. */
export function freeVt(world: World, vt: number): Step {
  if (isHeld(world, vt)) return same(world);
  return { world, effects: [{ kind: "vt.release", vt }] };
}

function isHeld(world: World, vt: number): boolean {
  for (const takeover of world.takeovers.values()) if (takeover.vt === vt) return true;
  return seat0(world).sessions.some((id) => {
    const session = world.sessions.get(id);
    return session?.vtnr === vt && session.control?.vt === true;
  });
}

/** The session has these devices no longer. */
export function withdrawDevices(world: World, session: Session, devices: readonly Taken[]): Step {
  const { control } = session;
  const gone =
    control === null ? [] : devices.flatMap((device) => pausedEffect(session.id, control, device, "gone"));
  return chain(
    world,
    (now) => saveSession(now, withoutDevices(session, devices)),
    (now) => closeDevices(now, session, devices),
    (now) => ({ world: now, effects: gone }),
  );
}
