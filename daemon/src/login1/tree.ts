/** Which object is where. Sessions, seats and users are looked up in the World at each call. */

import type { Caller } from "../bus/call.ts";
import { escapeLabel, unescapeLabel } from "../bus/labels.ts";
import type { BusObject, Interface, Tree } from "../bus/table.ts";
import { createTree, type Folder } from "../bus/tree.ts";
import { seatOfSession } from "../core/display.ts";
import type { Session, User } from "../core/model.ts";
import { parseUid } from "../core/names.ts";
import { allSeats, seatOf } from "../core/seats.ts";
import { allSessions, allUsers } from "../core/select.ts";
import { logControlInterface } from "./log-control.ts";
import { managerInterface } from "./manager.ts";
import { LOG_CONTROL_PATH, MANAGER_PATH, SEATS_PATH, SESSIONS_PATH, USERS_PATH } from "./paths.ts";
import type { Room } from "./room.ts";
import { seatInterface } from "./seat.ts";
import { sessionInterface } from "./session.ts";
import { userInterface } from "./user.ts";

const object = <T>(table: Interface<T>, target: T): BusObject<T> => ({ target, interfaces: [table] });

/** The objects that are others', by what they are of the caller's. */
const OWN = ["self", "auto"] as const;

export function createLogin1Tree(room: Room): Tree {
  const manager = () => object(managerInterface, { room, world: room.world() }) as BusObject;
  const logControl = () => object(logControlInterface, room) as BusObject;
  return createTree(
    new Map([
      [MANAGER_PATH, manager],
      [LOG_CONTROL_PATH, logControl],
    ]),
    new Map([
      [SESSIONS_PATH, sessionFolder(room)],
      [SEATS_PATH, seatFolder(room)],
      [USERS_PATH, userFolder(room)],
    ]),
  );
}

function ownSession(room: Room, name: string, { pid }: Caller): Session | null {
  return name === "self" ? room.tracker.sessionOf(pid) : room.tracker.autoOf(pid);
}

function sessionFolder(room: Room): Folder {
  const find = (name: string, caller: Caller) =>
    name === "self" || name === "auto"
      ? ownSession(room, name, caller)
      : // weston appends the id as it is, and systemd takes that.
        room.world().sessions.get(unescapeLabel(name) ?? name);
  return {
    object(name, caller) {
      const session = find(name, caller);
      return session == null
        ? null
        : (object(sessionInterface, { room, world: room.world(), session }) as BusObject);
    },
    names(caller) {
      const own = OWN.filter((name) => ownSession(room, name, caller) !== null);
      return [...allSessions(room.world()).map(({ id }) => escapeLabel(id)), ...own];
    },
  };
}

function seatFolder(room: Room): Folder {
  const find = (name: string, caller: Caller) => {
    const world = room.world();
    if (name !== "self" && name !== "auto") return seatOf(world, unescapeLabel(name));
    const session = ownSession(room, name, caller);
    return session === null ? null : seatOf(world, seatOfSession(session));
  };
  return {
    object(name, caller) {
      const seat = find(name, caller);
      return seat === null ? null : (object(seatInterface, { room, world: room.world(), seat }) as BusObject);
    },
    names(caller) {
      const ids = allSeats(room.world()).map(({ id }) => escapeLabel(id));
      return [...ids, ...OWN.filter((name) => find(name, caller) !== null)];
    },
  };
}

function userFolder(room: Room): Folder {
  const find = (name: string, { pid }: Caller): User | null => {
    const uid = name === "self" ? room.tracker.ownerOf(pid) : parseUid(name.replace(/^_/, ""));
    return (name.startsWith("_") || name === "self") && uid !== null
      ? (room.world().users.get(uid) ?? null)
      : null;
  };
  return {
    object(name, caller) {
      const user = find(name, caller);
      return user === null ? null : (object(userInterface, { room, world: room.world(), user }) as BusObject);
    },
    names(caller) {
      const own = find("self", caller) === null ? [] : ["self"];
      return [...allUsers(room.world()).map(({ uid }) => `_${uid}`), ...own];
    },
  };
}
