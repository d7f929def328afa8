/** Sessions that may last only so long: at the end of their time they are terminated, whoever counted it. */

import { close, runtimeTimer } from "./closing.ts";
import type { Effect } from "./effects.ts";
import type { Instant, Session, SessionId, World } from "./model.ts";
import { chain, type Step, same } from "./outcome.ts";

/** The longest that is waited for at once: timers of the host overflow after 24 days. */
const LONGEST_MS = 86_400_000;

/** Counts the session's time, if it is limited, or ends it. */
export function limitRuntime(world: World, id: SessionId, now: Instant): Step {
  const session = world.sessions.get(id);
  if (session === undefined || session.stage.phase === "closing" || session.runtimeMax === null)
    return same(world);
  const left = session.created.monotonic + session.runtimeMax - now.monotonic;
  if (left <= 0) return end(world, session, session.runtimeMax, now);
  const afterMs = Math.min(Math.ceil(left / 1000), LONGEST_MS);
  return { world, effects: [{ kind: "timer.set", timer: runtimeTimer(id), afterMs }] };
}

function end(world: World, session: Session, runtimeMax: number, now: Instant): Step {
  const message = `session ${session.id} of ${session.user} is terminated: it has lasted ${runtimeMax / 1_000_000} s`;
  const log: Effect = { kind: "log", level: "info", message };
  return chain(
    world,
    (then) => ({ world: then, effects: [log] }),
    (then) => close(then, session, now, "terminated"),
  );
}
