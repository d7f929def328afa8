/** What a starting daemon finds: the records, held against what the system says of each. */

import type { Found, FoundSession } from "../core/events.ts";
import type { Session } from "../core/model.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Store } from "./files.ts";

export function recover(store: Store, kernel: Kernel): Found {
  const { nextId, sessions: records, users, inhibitors, seats, lingering } = store.load();
  // in the order in which they began: the newer session has a VT that two share
  const sessions = records.toSorted((a, b) => Number(a.id) - Number(b.id));
  const scopes = kernel.scopes();
  const existing = new Set(scopes.map((scope) => scope.id));
  const recorded = new Set(sessions.map((session) => session.id));
  return {
    nextId: Math.max(nextId, ...sessions.map((session) => Number(session.id) + 1)),
    sessions: sessions.map((session) => examine(session, kernel, existing.has(session.id))),
    users,
    orphanScopes: scopes.filter((scope) => !recorded.has(scope.id)),
    orphanLifetimes: kernel.lifetimes().filter((id) => !recorded.has(id)),
    seats,
    held: kernel.held(),
    runtimeDirectories: kernel.runtimeDirectories(),
    managers: kernel.managers(),
    lingering,
    inhibitors: inhibitors.map((record) => ({ record, held: kernel.inhibitorHeld(record.id) })),
    orphanInhibitors: kernel.inhibitors().filter((id) => !inhibitors.some((record) => record.id === id)),
  };
}

function examine(record: Session, kernel: Kernel, scopeExists: boolean): FoundSession {
  const leaderAlive = record.leader.pid !== 0 && kernel.alive(record.leader);
  return {
    record,
    leaderAlive,
    executable: leaderAlive ? kernel.executableOf(record.leader) : "",
    lifetimeHeld: record.lifetime && kernel.lifetimeHeld(record.id),
    scopeExists,
  };
}
