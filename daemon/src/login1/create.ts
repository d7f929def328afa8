/** CreateSession, CreateSessionWithPIDFD and ReleaseSession: for PAM modules and display managers that use the bus. */

import type { Answer, Call } from "../bus/call.ts";
import type { Method } from "../bus/table.ts";
import { LATER } from "../bus/table.ts";
import type { DBusError, Value } from "../bus/values.ts";
import type { OpenResult } from "../core/effects.ts";
import { PID_MAX, type ProcessFacts } from "../kernel/kernel.ts";
import { askRoot } from "./authority.ts";
import { type CreateArguments, Unfit } from "./create-facts.ts";
import { type NamedValue, readProperties } from "./create-limits.ts";
import { prepareSession } from "./creation.ts";
import {
  accessDenied,
  invalidArgs,
  noSessionForPid,
  noSuchAccount,
  noSuchSeat,
  noSuchSession,
  refused,
  sessionBusy,
} from "./errors.ts";
import { sessionPath } from "./paths.ts";
import type { ManagerObject, Room } from "./room.ts";
import { method } from "./rows.ts";

const ARGUMENTS = "service type class desktop seat_id vtnr tty display remote remote_user remote_host";
const RESULTS = "session_id object_path runtime_path fifo_fd uid seat_id vtnr existing";
const OUT = "soshusub";

/** What both calls have from the third argument on. */
function readArguments(uid: Value | undefined, rest: readonly Value[]): CreateArguments {
  type Texts = [string, string, string, string, string, number, string, string, boolean, string, string];
  const [service, type, kind, desktop, seat, vtnr, tty, display, remote, remoteUser, remoteHost] =
    rest as Texts;
  const limits = readProperties(rest.at(-1) as readonly NamedValue[]);
  const where = { seat, vtnr, tty, display, remote, remoteUser, remoteHost };
  return { uid: uid as number, service, type, class: kind, desktop, ...where, limits };
}

function createSession({ room }: ManagerObject, call: Call): typeof LATER {
  askRoot(call);
  const [uid, pid, ...rest] = call.args;
  const leader = Math.min((pid as number) || call.caller.pid || 0, PID_MAX);
  return create(room, call, readArguments(uid, rest), () => room.kernel.process(leader));
}

function createSessionWithPidfd({ room }: ManagerObject, call: Call): typeof LATER {
  askRoot(call);
  const [uid, pidfd, ...rest] = call.args;
  const flags = rest.at(-2) as bigint;
  if (flags !== 0n) throw invalidArgs(`CreateSessionWithPIDFD has no flags 0x${flags.toString(16)}`);
  const fd = call.fd(pidfd ?? 0);
  return create(room, call, readArguments(uid, rest), () => room.kernel.processOfFd(fd));
}

function create(room: Room, call: Call, given: CreateArguments, leader: () => ProcessFacts): typeof LATER {
  inBusWords(() =>
    prepareSession(room, { given, leader, lifetime: true }, (ordered) => {
      room.orders.resume(call, () =>
        room.orders.open(call, inBusWords(ordered), (result) => answer(room, result)),
      );
    }),
  );
  return LATER;
}

const WORDS: Readonly<Record<Unfit["problem"], (text: string) => DBusError>> = {
  invalid: invalidArgs,
  "no-such-seat": noSuchSeat,
  "no-such-user": noSuchAccount,
};

function inBusWords<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof Unfit ? WORDS[error.problem](error.message) : error;
  }
}

function answer(room: Room, result: OpenResult): Answer {
  switch (result.outcome) {
    case "opened": {
      const { id, uid, seat, vtnr } = result.session;
      const directory = `${room.world().policy.runtimeDirectories}/${uid}`;
      const fifo = room.kernel.openLifetime(id);
      return { body: [id, sessionPath(id), directory, 0, uid, seat ?? "", vtnr, false], fds: [fifo] };
    }
    case "existing":
      throw sessionBusy(`the leader is in session ${result.id} already`);
    case "none":
      throw sessionBusy("logins of this kind have no session");
    case "refused":
      throw refused(result);
  }
}

/** From within the session only: whoever has root elsewhere may terminate it. */
function releaseSession({ room, world }: ManagerObject, call: Call): typeof LATER {
  const [id] = call.args as [string];
  const session = world.sessions.get(id);
  if (session === undefined) throw noSuchSession(`there is no session ${JSON.stringify(id)}`);
  const own = room.tracker.sessionOf(call.caller.pid);
  if (own === null) throw noSessionForPid(`process ${call.caller.pid ?? "?"} of the caller is in no session`);
  if (own.id !== id) throw accessDenied(`the caller is in session ${own.id}, which is not session ${id}`);
  return room.orders.order(call, (requester) => ({
    kind: "session.closeRequested",
    at: room.now(),
    requester,
    id,
    caller: { uid: 0, pid: session.leader.pid },
    reason: "logout",
  }));
}

export const createMethods: readonly Method<ManagerObject>[] = [
  method(
    "CreateSession",
    { in: "uusssssussbssa(sv)", out: OUT, args: `uid pid ${ARGUMENTS} properties ${RESULTS}` },
    createSession,
  ),
  method(
    "CreateSessionWithPIDFD",
    { in: "uhsssssussbssta(sv)", out: OUT, args: `uid pidfd ${ARGUMENTS} flags properties ${RESULTS}` },
    createSessionWithPidfd,
  ),
  method("ReleaseSession", { in: "s", args: "session_id" }, releaseSession),
];
