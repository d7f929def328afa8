/** Which machine a fired timer belongs to. */

import { accessOver } from "./access.ts";
import { birthOver } from "./birth.ts";
import { busyOver, lookAgain, retryOver, stopOver } from "./closing.ts";
import type { Effect } from "./effects.ts";
import type { Event } from "./events.ts";
import { graceOver, handover } from "./handover.ts";
import { lookUpOver } from "./linger.ts";
import type { World } from "./model.ts";
import * as news from "./news.ts";
import { type Step, same } from "./outcome.ts";
import { limitRuntime } from "./runtime-limit.ts";

const LOOK_AGAIN_MS = 60_000;
const LOOK_ON_MS = 500;

/** The timer that never stops: it sets itself again. */
export const lookAgainTimer: Effect = { kind: "timer.set", timer: "look-again", afterMs: LOOK_AGAIN_MS };

export function timerFired(world: World, { timer, at }: Extract<Event, { kind: "timer.fired" }>): Step {
  const [machine, id = ""] = timer.split("/");
  switch (machine) {
    case "resume":
      return retryOver(world, id, at);
    case "stop":
      return stopOver(world, id);
    case "runtime":
      return limitRuntime(world, id, at);
    case "handover":
      return graceOver(world, id);
    case "master":
      return handover(world, id);
    case "access":
      return accessOver(world, id);
    case "busy":
      return busyOver(world, id);
    case "login":
      return news.loginOver(world, Number(id));
    case "manager-birth":
      return birthOver(world, Number(id));
    case "manager-start":
      return news.startOver(world, Number(id), at);
    case "manager-stop":
      return news.stopOver(world, Number(id));
    case "manager-term":
      return news.termOver(world, Number(id));
    case "manager-restart":
      return news.restartOver(world, Number(id), at);
    case "look-up":
      return lookUpOver(world);
    case "look-again":
      return lookOn(world, id);
    default:
      return same(world);
  }
}

function lookOn(world: World, after: string): Step {
  const { effects, last } = lookAgain(world, after);
  const timer: Effect =
    last === "" ? lookAgainTimer : { kind: "timer.set", timer: `look-again/${last}`, afterMs: LOOK_ON_MS };
  return { world, effects: [...effects, timer] };
}
