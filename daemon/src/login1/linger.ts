/** SetUserLinger: whether a user stays without a session. */

import type { Call } from "../bus/call.ts";
import { LATER } from "../bus/table.ts";
import type { Account, Caller } from "../core/events.ts";
import type { Uid, World } from "../core/model.ts";
import type { Later } from "./actions.ts";
import { noSuchAccount } from "./errors.ts";
import type { ManagerObject } from "./room.ts";
import { uidNamed } from "./tracking.ts";

export async function setUserLinger({ room }: ManagerObject, call: Call): Later {
  const [asked, enabled, interactive] = call.args as [number, boolean, boolean];
  const uid = uidNamed(room.tracker, call, asked);
  const self = uid === call.caller.uid;
  const action = self ? "set-self-linger" : "set-user-linger";
  const allowed = await room.authority.ask(call, { action, interactive });
  // whether users may do this for themselves at all is the configuration's word, which polkit cannot overrule
  const caller: Caller = self ? { ...allowed, uid } : allowed;
  room.kernel.lookUpUser(uid, (found) => {
    room.orders.resume(call, () => {
      const user = found ?? (enabled ? null : removedUser(room.world(), uid));
      if (user === null) throw noSuchAccount(`there is no user ${uid}`);
      const at = room.now();
      return room.orders.order(call, (requester) => ({
        kind: "linger.requested",
        at,
        requester,
        caller,
        user,
        enabled,
      }));
    });
  });
  return LATER;
}

/** Somebody who lingers and whom the user database does not know any more. */
function removedUser(world: World, uid: Uid): Account | null {
  const name = world.lingering.get(uid);
  return name === undefined ? null : { uid, gid: uid, name, groups: [] };
}
