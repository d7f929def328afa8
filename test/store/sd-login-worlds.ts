/** Worlds made by hand for the state files: sessions, users and a seat, changed one fact at a time. */

import { wanted } from "../../daemon/src/core/handover.ts";
import type { Inhibitor, Session, SessionId, Stage, Uid, User, World } from "../../daemon/src/core/model.ts";
import type { Seat } from "../../daemon/src/core/seat-model.ts";
import {
  allSeats,
  withoutSession as leaveSeat,
  newSeat,
  putSeat,
  seat0,
  seatOf,
} from "../../daemon/src/core/seats.ts";
import { emptyWorld } from "../../daemon/src/core/step.ts";
import { newUser } from "../../daemon/src/core/user.ts";
import { policy } from "../core/policy.ts";

export const CLOSING: Stage = { phase: "closing", reason: "logout", since: 9, stop: "none" };
export const RUNNING: Stage = { phase: "running" };
export const OPENING: Stage = {
  phase: "opening",
  waitsFor: "made",
  requester: { room: "pam", call: 1 },
  lifetime: true,
  leaves: null,
};

/** The session that is to be in the foreground of a seat is there. */
function shown(world: World): World {
  return allSeats(world).reduce((now, seat) => {
    const active = wanted(now, seat)?.id ?? null;
    return active === seat.active ? now : putSeat(now, { ...seat, active });
  }, world);
}

export const EMPTY: World = withVt(emptyWorld(policy), 1);

export function session(id: SessionId, over: Partial<Session> = {}): Session {
  const uid = over.uid ?? 1000;
  return {
    id,
    uid,
    user: `u${uid}`,
    type: "tty",
    class: "user",
    desktop: "",
    service: "login",
    seat: null,
    position: 0,
    devices: [],
    vtnr: 0,
    tty: "",
    display: "",
    remote: false,
    remoteHost: "",
    remoteUser: "",
    leader: { pid: 4000 + Number(id), start: "1", inode: "1", executable: "1:1" },
    created: { realtime: 1_700_000_000_000_000 + Number(id), monotonic: 5_000_000 + Number(id) },
    nonce: "",
    scope: true,
    lifetime: true,
    lockedHint: false,
    idleHint: false,
    idleSince: null,
    control: null,
    limits: {},
    runtimeMax: null,
    stage: RUNNING,
    ...over,
  };
}

export function user(uid: Uid, over: Partial<User> = {}): User {
  const account = { uid, gid: uid, name: `u${uid}`, groups: [] };
  const created = { realtime: 1_600_000_000_000_000, monotonic: 4_000_000 };
  return { ...newUser(account, created), runtime: { state: "ready", kind: "tmpfs" }, ...over };
}

export function inhibitor(id: number, over: Partial<Inhibitor> = {}): Inhibitor {
  return {
    id,
    what: ["shutdown", "sleep"],
    who: "u1000",
    why: "a film",
    mode: "block",
    uid: 1000,
    pid: 4000 + id,
    created: { realtime: 1_700_000_000_000_000, monotonic: 5_000_000 },
    ...over,
  };
}

/** With this session in place of one of the same id; its user and its seat know of it. */
export function withSession(world: World, changed: Session): World {
  const owner = world.users.get(changed.uid) ?? user(changed.uid);
  const sessions = new Set([...owner.sessions, changed.id]);
  const next: World = {
    ...world,
    sessions: world.sessions.with(changed.id, changed),
    users: world.users.with(changed.uid, { ...owner, sessions }),
  };
  const seat = seatOf(world, changed.seat);
  if (seat === null) return shown(next);
  const seated = changed.stage.phase !== "closing";
  if (!seated) return shown(leaveSeat(next, seat.id, changed.id));
  const stays = seat.sessions.includes(changed.id);
  return shown(stays ? next : putSeat(next, { ...seat, sessions: [...seat.sessions, changed.id] }));
}

/** A seat without terminals, or what is different about one. */
export function withSeat(world: World, id: string, over: Partial<Seat> = {}): World {
  return shown(putSeat(world, { ...(seatOf(world, id) ?? newSeat(id)), ...over }));
}

/** Its sessions go with it. */
export function withoutSeat(world: World, id: string): World {
  const sessions = [...world.sessions.values()].filter((each) => each.seat === id);
  const left = sessions.reduce((now, each) => withoutSession(now, each.id), world);
  return { ...left, seats: left.seats.without(id) };
}

/** The last session takes its user along. */
export function withoutSession(world: World, id: SessionId): World {
  const gone = world.sessions.get(id);
  const owner = world.users.get(gone?.uid ?? 0);
  if (gone === undefined || owner === undefined) return world;
  const sessions = new Set([...owner.sessions].filter((each) => each !== id));
  return shown({
    ...leaveSeat(world, gone.seat, id),
    sessions: world.sessions.without(id),
    users:
      sessions.size === 0
        ? world.users.without(owner.uid)
        : world.users.with(owner.uid, { ...owner, sessions }),
  });
}

export function withVt(world: World, activeVt: number): World {
  return shown(putSeat(world, { ...seat0(world), hasVts: true, activeVt }));
}

export function worldOf(...sessions: readonly Session[]): World {
  return sessions.reduce(withSession, EMPTY);
}

export const onVt = (vtnr: number): Partial<Session> => ({ seat: "seat0", vtnr, tty: `tty${vtnr}` });
