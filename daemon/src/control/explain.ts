/** Why a session is in its state, in sentences, and which processes hold it. */

import type { ClosingReason, Session, Wait, World } from "../core/model.ts";
import type { Seat } from "../core/seat-model.ts";
import { seatOf } from "../core/seats.ts";
import { activeSession, sessionState } from "../core/select.ts";
import type { Kernel, ProcessLine } from "../kernel/kernel.ts";
import type { HolderRecord, Reply } from "./interface.ts";

type Eyes = Pick<Kernel, "alive" | "lifetimeHolders" | "process" | "scopeProcesses">;

/** Milliseconds. */
const LOOKING = 50;

const waits: Readonly<Record<Wait, string>> = {
  user: "the user's slice and runtime directory",
  birth: "the first process of the user's service manager",
  made: "its control group with the leader in it",
  moved: "its control group with the leader in it",
  manager: "the user's service manager",
  record: "its record on disk",
};

const reasons: Readonly<Record<ClosingReason, string>> = {
  logout: "the login program closed it (logout)",
  "leader-exited": "its leader has exited",
  "lifetime-ended": "no process holds its lifetime fd any more",
  terminated: "it was terminated on request",
  deregistered: "it was deregistered",
  interrupted: "the login ended before the session was complete",
};

/** Without the right to see the processes of the session, nobody is named. */
export function explain(world: World, session: Session, kernel: Eyes, maySee: boolean): Reply<"Explain"> {
  const processes = inScope(session, kernel);
  return {
    state: sessionState(world, session),
    because: because(world, session),
    waitingFor: waitingFor(world, session, processes.length),
    holders: maySee ? findHolders(session, processes, kernel) : [],
  };
}

function inScope(session: Session, kernel: Eyes): readonly ProcessLine[] {
  try {
    return kernel.scopeProcesses(session.id, session.uid);
  } catch {
    return [];
  }
}

function because(world: World, session: Session): string {
  switch (session.stage.phase) {
    case "opening":
      return "the login is still being prepared";
    case "closing":
      return reasons[session.stage.reason];
    case "running":
      return whereItRuns(world, session);
  }
}

function whereItRuns(world: World, session: Session): string {
  const seat = seatOf(world, session.seat);
  if (seat === null) return "it has no seat, and such a session is always active";
  const place = session.vtnr === 0 ? `on ${seat.id}` : `on virtual terminal ${session.vtnr} of ${seat.id}`;
  const active = activeSession(world, seat);
  if (active?.id === session.id) return `it is ${place}, in the foreground`;
  return `it is ${place}, but ${inFront(seat, session, active)}`;
}

function inFront({ hasVts, activeVt }: Seat, { vtnr }: Session, active: Session | null): string {
  if (hasVts && activeVt !== vtnr)
    return activeVt === 0 ? "no virtual terminal is shown" : `the screen shows terminal ${activeVt}`;
  if (active !== null) return `session ${active.id} of ${active.user} is in the foreground`;
  return "the devices of the session before it are not out of reach yet";
}

/** Of an opening or closing session what is still to come, of another one what would end it. */
function waitingFor(world: World, session: Session, processes: number): string[] {
  const { stage } = session;
  if (stage.phase === "opening") return [waits[stage.waitsFor]];
  if (stage.phase === "running") {
    const ends = [`the exit of its leader, process ${session.leader.pid}`, "a logout"];
    return session.lifetime ? [...ends, "the end of the last holder of its lifetime fd"] : ends;
  }
  if (!session.scope || processes === 0) return ["the removal of its control group"];
  const left = `the exit of ${processes === 1 ? "1 process" : `${processes} processes`} in its control group`;
  if (stage.stop === "none") return [`${left}, to which nothing is done (kill_user_processes)`];
  if (stage.stop === "killed") return [`${left}, to which KILL was sent`];
  return [`${left}, to which TERM was sent; KILL follows within ${world.policy.stopTimeoutMs / 1000} s`];
}

function findHolders(session: Session, processes: readonly ProcessLine[], kernel: Eyes): HolderRecord[] {
  const found = new Map<number, { command: string; holds: string[] }>();
  if (session.stage.phase !== "closing" && kernel.alive(session.leader)) {
    const known = processes.find((line) => line.pid === session.leader.pid);
    found.set(session.leader.pid, { command: known?.command ?? "", holds: ["leader"] });
  }
  for (const { pid, command } of processes) {
    const holder = found.get(pid) ?? { command, holds: [] };
    holder.holds.push("scope");
    found.set(pid, holder);
  }
  if (session.lifetime) {
    for (const pid of lifetimeHolders(session, [...found.keys()], kernel))
      found.get(pid)?.holds.push("lifetime");
  }
  return [...found].map(([pid, holder]) => ({ pid, ...holder }));
}

/** Looking through the descriptors of many processes takes long: the leader comes first, and time is limited. */
function lifetimeHolders(session: Session, pids: readonly number[], kernel: Eyes): number[] {
  const until = performance.now() + LOOKING;
  const found: number[] = [];
  for (const pid of pids) {
    found.push(...kernel.lifetimeHolders(session.id, [pid]));
    if (performance.now() >= until) break;
  }
  return found;
}
