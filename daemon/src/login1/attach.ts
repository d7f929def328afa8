/** Which devices belong to which seat, as the administrator decides it. */

import type { Call } from "../bus/call.ts";
import { seatOfSession } from "../core/display.ts";
import { isPathBelow, isSeatName } from "../core/names.ts";
import type { Later } from "./actions.ts";
import { invalidArgs, noSuchSeat } from "./errors.ts";
import type { ManagerObject } from "./room.ts";
import { sessionNamed } from "./tracking.ts";

/** Any seat can be named: the first device with a screen makes it exist. */
function seatWanted({ room }: ManagerObject, call: Call, name: string): string {
  if (name !== "" && name !== "self" && name !== "auto") {
    if (isSeatName(name)) return name;
    throw invalidArgs(`${JSON.stringify(name)} is not the name of a seat`);
  }
  const own = seatOfSession(sessionNamed(room.world(), room.tracker, call, name));
  if (own === null) throw noSuchSeat("the caller's session has no seat");
  return own;
}

export async function attachDevice(object: ManagerObject, call: Call): Later {
  const { room } = object;
  const [name, path, interactive] = call.args as [string, string, boolean];
  seatWanted(object, call, name);
  if (!isPathBelow("/sys", path)) throw invalidArgs(`${JSON.stringify(path)} is not a normal path in /sys`);
  await room.authority.ask(call, { action: "attach-device", interactive });
  room.kernel.attachDevice(seatWanted(object, call, name), path);
  return [];
}

export async function flushDevices({ room }: ManagerObject, call: Call): Later {
  const [interactive] = call.args as [boolean];
  await room.authority.ask(call, { action: "flush-devices", interactive });
  room.kernel.flushDevices();
  return [];
}
