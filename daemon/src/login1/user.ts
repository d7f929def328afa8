/** org.freedesktop.login1.User */

import { defineInterface } from "../bus/define.ts";
import type { Property } from "../bus/table.ts";
import { displaySession, loginState } from "../core/display.ts";
import { idleOfUser } from "../core/idle.ts";
import { sessionsOf } from "../core/select.ts";
import { lingers } from "../core/services.ts";
import { killUser, terminateUser } from "./actions.ts";
import { NOTHING, SERVICE, sessionPath } from "./paths.ts";
import type { UserObject } from "./room.ts";
import { changing, constant, idleRows, method, monotonic, realtime, silent } from "./rows.ts";

function display({ world, user }: UserObject) {
  const session = displaySession(world, user);
  return session === null ? NOTHING : [session.id, sessionPath(session.id)];
}

const properties: readonly Property<UserObject>[] = [
  constant("UID", "u", ({ user }) => user.uid),
  constant("GID", "u", ({ user }) => user.gid),
  constant("Name", "s", ({ user }) => user.name),
  constant("Timestamp", "t", ({ user }) => realtime(user.created)),
  constant("TimestampMonotonic", "t", ({ user }) => monotonic(user.created)),
  constant("RuntimePath", "s", ({ world, user }) => `${world.policy.runtimeDirectories}/${user.uid}`),
  // loginctl would ask a systemd that is not there about units of these names
  constant("Service", "s", () => ""),
  constant("Slice", "s", () => ""),
  changing("Display", "(so)", display),
  silent("State", "s", ({ world, user }) => loginState(world, user)),
  silent("Sessions", "a(so)", ({ world, user }) =>
    sessionsOf(world, user).map(({ id }) => [id, sessionPath(id)]),
  ),
  ...idleRows<UserObject>(({ world, user }) => idleOfUser(world, user)),
  silent("Linger", "b", ({ world, user }) => lingers(world, user)),
];

export const userInterface = defineInterface<UserObject>({
  name: `${SERVICE}.User`,
  properties,
  methods: [
    method("Terminate", {}, ({ room, user }, call) => terminateUser(room, user.uid, call)),
    method("Kill", { in: "i", args: "signal_number" }, ({ room, user }, call) =>
      killUser(room, user.uid, call),
    ),
  ],
});
