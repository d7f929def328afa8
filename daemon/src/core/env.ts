/** The environment a login receives. */

import type { Environment } from "./effects.ts";
import type { Session, Uid, World } from "./model.ts";

export function runtimeDirectory(world: World, uid: Uid): string | null {
  const user = world.users.get(uid);
  return user?.runtime.state === "ready" ? `${world.policy.runtimeDirectories}/${uid}` : null;
}

/** What a new session gets; variables without a value are left alone. */
export function sessionEnvironment(world: World, session: Session): Environment {
  const environment = new Map<string, string>([
    ["XDG_SESSION_ID", session.id],
    ["XDG_SESSION_TYPE", session.type],
    ["XDG_SESSION_CLASS", session.class],
  ]);
  if (session.desktop !== "") environment.set("XDG_SESSION_DESKTOP", session.desktop);
  if (session.seat !== null) environment.set("XDG_SEAT", session.seat);
  if (session.vtnr !== 0) environment.set("XDG_VTNR", String(session.vtnr));
  const directory = runtimeDirectory(world, session.uid);
  if (directory !== null) environment.set("XDG_RUNTIME_DIR", directory);
  return environment;
}

/**
 * What su, sudo and the like get inside a session: the target user's own runtime directory, or none. The one that
 * was inherited belongs to somebody else, and a target that trusted it would leave its files there.
 */
export function nestedEnvironment(world: World, outer: Session, target: Uid): Environment {
  const directory = runtimeDirectory(world, target);
  if (outer.uid === target) return directory === null ? new Map() : new Map([["XDG_RUNTIME_DIR", directory]]);
  return new Map([
    ["XDG_RUNTIME_DIR", directory ?? ""],
    ["DBUS_SESSION_BUS_ADDRESS", ""],
  ]);
}

/** The same with the address of the user's bus, given that a socket of the user listens there. */
export function withBus(environment: Environment): Environment {
  const directory = environment.get("XDG_RUNTIME_DIR") ?? "";
  if (directory === "") return environment;
  return new Map([...environment, ["DBUS_SESSION_BUS_ADDRESS", `unix:path=${directory}/bus`]]);
}
