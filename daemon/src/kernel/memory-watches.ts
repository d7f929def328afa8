/** What one daemon waits for on a simulated machine; a later daemon starts without any of it. */

import type { ManagerNews, ProcessIdentity, SessionId, Uid } from "../core/model.ts";
import type { MemoryKeptListener } from "./memory-kept.ts";
import type { MemoryListener } from "./memory-sockets.ts";
import type { MemoryProcess, MemorySystem, Watches } from "./memory-system.ts";
import type { DeviceNews, GettyEnd } from "./seat-kernel.ts";

export class MemoryWatches implements Watches {
  readonly leaders = new Map<SessionId, { readonly leader: ProcessIdentity; readonly exited: () => void }>();
  readonly scopes = new Map<SessionId, { readonly path: string; readonly emptied: () => void }>();
  readonly lifetimes = new Map<SessionId, () => void>();
  readonly inhibitors = new Map<number, () => void>();
  readonly managers = new Map<Uid, (news: ManagerNews) => void>();
  readonly listeners = new Map<number, MemoryListener>();
  readonly keptListeners = new Map<number, MemoryKeptListener>();
  whenVtChanges: (vt: number) => void = () => {};
  whenVtLeft: (vt: number, shown: number) => void = () => {};
  whenGettyEnds: (end: GettyEnd) => void = () => {};
  whenDevicesChange: DeviceNews["changed"] = () => {};
  whenStopped: () => void = () => {};
  readonly #system: MemorySystem;

  constructor(system: MemorySystem) {
    this.#system = system;
  }

  /** Tells it soon, once, unless the watch is gone by then. */
  once<K, T>(watched: Map<K, T>, id: K, watch: T, tell: () => void): void {
    queueMicrotask(() => {
      if (watched.get(id) !== watch) return;
      watched.delete(id);
      tell();
    });
  }

  processEnded(process: MemoryProcess): void {
    for (const [id, watch] of this.leaders)
      if (watch.leader.pid === process.identity.pid) this.once(this.leaders, id, watch, watch.exited);
    this.groupsChanged();
  }

  /** Looks which of the watched scopes have become empty. */
  groupsChanged(): void {
    for (const [id, watch] of this.scopes)
      if (this.#system.inGroup(watch.path).length === 0) this.once(this.scopes, id, watch, watch.emptied);
  }

  writerGone(id: SessionId): void {
    const ended = this.lifetimes.get(id);
    if (ended !== undefined) this.once(this.lifetimes, id, ended, ended);
  }

  inhibitorFree(id: number): void {
    const ended = this.inhibitors.get(id);
    if (ended !== undefined) this.once(this.inhibitors, id, ended, ended);
  }

  /** Each news in its turn; nothing after the end. */
  managerSaid(uid: Uid, news: ManagerNews): void {
    const told = this.managers.get(uid);
    if (told === undefined) return;
    queueMicrotask(() => {
      if (this.managers.get(uid) !== told) return;
      if (news.state === "ended") this.managers.delete(uid);
      told(news);
    });
  }

  vtChanged(vt: number): void {
    queueMicrotask(() => this.whenVtChanges(vt));
  }

  ended(): void {
    this.leaders.clear();
    this.scopes.clear();
    this.lifetimes.clear();
    this.inhibitors.clear();
    this.managers.clear();
    this.whenVtChanges = () => {};
    this.whenVtLeft = () => {};
    this.whenGettyEnds = () => {};
    this.whenDevicesChange = () => {};
    this.whenStopped = () => {};
    for (const listener of this.listeners.values()) listener.shut();
    this.listeners.clear();
    for (const kept of this.#system.seats.kept.values()) kept.end = null;
    this.keptListeners.clear();
  }
}
