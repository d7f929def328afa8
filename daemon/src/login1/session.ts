/** org.freedesktop.login1.Session */

import type { Call } from "../bus/call.ts";
import { defineInterface } from "../bus/define.ts";
import type { Property } from "../bus/table.ts";
import { canIdle, canLock } from "../core/classes.ts";
import { isActive, seatOfSession } from "../core/display.ts";
import { idleOfSession } from "../core/idle.ts";
import { sessionState } from "../core/select.ts";
import * as actions from "./actions.ts";
import * as devices from "./devices.ts";
import { NOTHING, SERVICE, seatPath, userPath } from "./paths.ts";
import type { SessionObject } from "./room.ts";
import { changing, constant, idleRows, method, monotonic, realtime, signal } from "./rows.ts";
import * as control from "./session-control.ts";

/** Like the exported files: a closing session has given its seat up. */
function seat({ session }: SessionObject) {
  const id = seatOfSession(session);
  return id === null ? NOTHING : [id, seatPath(id)];
}

const properties: readonly Property<SessionObject>[] = [
  constant("Id", "s", ({ session }) => session.id),
  constant("User", "(uo)", ({ session }) => [session.uid, userPath(session.uid)]),
  constant("Name", "s", ({ session }) => session.user),
  constant("Timestamp", "t", ({ session }) => realtime(session.created)),
  constant("TimestampMonotonic", "t", ({ session }) => monotonic(session.created)),
  constant("VTNr", "u", ({ session }) => (seatOfSession(session) === null ? 0 : session.vtnr)),
  constant("Seat", "(so)", seat),
  changing("TTY", "s", ({ session }) => session.tty),
  changing("Display", "s", ({ session }) => session.display),
  constant("Remote", "b", ({ session }) => session.remote),
  constant("RemoteHost", "s", ({ session }) => session.remoteHost),
  constant("RemoteUser", "s", ({ session }) => session.remoteUser),
  constant("Service", "s", ({ session }) => session.service),
  constant("Desktop", "s", ({ session }) => session.desktop),
  // loginctl would ask a systemd that is not there about a unit of that name
  constant("Scope", "s", () => ""),
  constant("Leader", "u", ({ session }) => session.leader.pid),
  constant("LeaderPIDFDId", "t", ({ session }) => BigInt(session.leader.inode || 0)),
  constant("Audit", "u", () => 0),
  changing("Type", "s", ({ session }) => session.type),
  changing("Class", "s", ({ session }) => session.class),
  changing("Active", "b", ({ world, session }) => isActive(world, session)),
  changing("State", "s", ({ world, session }) => sessionState(world, session)),
  ...idleRows<SessionObject>(({ session }) => idleOfSession(session)),
  constant("CanIdle", "b", ({ session }) => canIdle(session)),
  constant("CanLock", "b", ({ session }) => canLock(session)),
  changing("LockedHint", "b", ({ session }) => session.lockedHint),
  constant("ExtraDeviceAccess", "as", () => []),
];

type Action = (room: SessionObject["room"], session: SessionObject["session"], call: Call) => actions.Later;

const act =
  (action: Action) =>
  ({ room, session }: SessionObject, call: Call) =>
    action(room, session, call);

const lock =
  (locks: boolean): Action =>
  (room, session, call) =>
    actions.lock(room, session, call, locks);

const DEVICE = "major minor";

export const sessionInterface = defineInterface<SessionObject>({
  name: `${SERVICE}.Session`,
  properties,
  methods: [
    method("Terminate", {}, act(actions.terminate)),
    method("Activate", {}, act(actions.activate)),
    method("Lock", {}, act(lock(true))),
    method("Unlock", {}, act(lock(false))),
    method("SetIdleHint", { in: "b", args: "idle" }, control.setIdleHint),
    method("SetLockedHint", { in: "b", args: "locked" }, control.setLockedHint),
    method("Kill", { in: "si", args: "whom signal_number" }, act(actions.kill)),
    method("TakeControl", { in: "b", args: "force" }, control.takeControl),
    method("ReleaseControl", {}, control.releaseControl),
    method("SetType", { in: "s", args: "type" }, control.setType),
    method("SetClass", { in: "s", args: "class" }, control.setClass),
    method("SetDisplay", { in: "s", args: "display" }, control.setDisplay),
    method("SetTTY", { in: "h", args: "tty_fd" }, control.setTty),
    method("TakeDevice", { in: "uu", out: "hb", args: `${DEVICE} fd inactive` }, devices.takeDevice),
    method("ReleaseDevice", { in: "uu", args: DEVICE }, devices.releaseDevice),
    method("PauseDeviceComplete", { in: "uu", args: DEVICE }, devices.pauseDeviceComplete),
    method("SetBrightness", { in: "ssu", args: "subsystem name brightness" }, devices.setBrightness),
  ],
  signals: [
    signal("PauseDevice", "uus", "major minor type"),
    signal("ResumeDevice", "uuh", "major minor fd"),
    signal("Lock"),
    signal("Unlock"),
  ],
});
