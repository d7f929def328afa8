/** Records of the World in the words of the interface. */

import type { Instant, Session, User, World } from "../core/model.ts";
import { sessionState, sessionsOf, userState } from "../core/select.ts";
import { lingers } from "../core/services.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { LingererRecord, ManagerRecord, SessionRecord, UserRecord } from "./interface.ts";

export type Places = Pick<Kernel, "scopePath" | "slicePath" | "managerPath" | "runtimeDirectoryPath">;

export function renderSession(world: World, session: Session, places: Places): SessionRecord {
  const created: Instant = session.created;
  return {
    id: session.id,
    uid: session.uid,
    user: session.user,
    state: sessionState(world, session),
    type: session.type,
    class: session.class,
    desktop: session.desktop,
    service: session.service,
    seat: session.seat,
    vtnr: session.vtnr,
    tty: session.tty,
    display: session.display,
    remote: session.remote,
    remoteHost: session.remoteHost,
    remoteUser: session.remoteUser,
    leader: session.leader.pid,
    scope: session.scope ? places.scopePath(session.id, session.uid) : null,
    createdRealtime: created.realtime,
    createdMonotonic: created.monotonic,
    closingReason: session.stage.phase === "closing" ? session.stage.reason : null,
    controller: session.control?.pid ?? null,
  };
}

export function renderUser(world: World, user: User, places: Places): UserRecord {
  return {
    uid: user.uid,
    gid: user.gid,
    name: user.name,
    state: userState(world, user),
    sessions: sessionsOf(world, user).map((session) => session.id),
    runtimeDirectory: user.runtime.state === "ready" ? places.runtimeDirectoryPath(user.uid) : null,
    slice: places.slicePath(user.uid),
    createdRealtime: user.created.realtime,
    linger: lingers(world, user),
    manager: renderManager(user, places),
  };
}

function renderManager({ uid, manager }: User, places: Places): ManagerRecord | null {
  if (manager.state === "none") return null;
  const { state, backend, since, message } = manager;
  const rest = { state, backend, since, message };
  if (manager.state === "failed") return { ...rest, pid: 0, group: null };
  return { ...rest, pid: manager.pid, group: places.managerPath(uid) };
}

/** Users for whom lingering was turned on, also those who are not there yet. */
export function renderLingerers(world: World, places: Places): LingererRecord[] {
  return [...world.lingering.keys()]
    .map((uid): LingererRecord => {
      const name = world.lingering.get(uid) ?? "";
      const user = world.users.get(uid);
      if (user !== undefined) {
        return { uid, name, state: userState(world, user), manager: renderManager(user, places) };
      }
      return { uid, name, state: world.queue.includes(uid) ? "waiting" : "absent", manager: null };
    })
    .sort((a, b) => a.uid - b.uid);
}
