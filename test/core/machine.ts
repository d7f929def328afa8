/** What of a simulated machine survives its daemon: processes, the disk, what the kernel holds, services, time. */

import type { Account, Found } from "../../daemon/src/core/events.ts";
import type { Inhibitor, ProcessIdentity, Session, User } from "../../daemon/src/core/model.ts";
import type { SeatRecord } from "../../daemon/src/core/seat-events.ts";
import { parseSession } from "../../daemon/src/store/render.ts";
import { parseInhibitor } from "../../daemon/src/store/render-inhibitor.ts";
import { parseSeat } from "../../daemon/src/store/render-seat.ts";
import { parseUser } from "../../daemon/src/store/render-user.ts";
import { Managers } from "./managers.ts";

export interface Process {
  readonly identity: ProcessIdentity;
  executable: string;
  alive: boolean;
  scope: string | null;
  readonly writes: Set<string>;
  /** Inhibitors of which it has the write end. */
  readonly inhibits: Set<number>;
}

/** Everybody's group, which nobody guesses. */
export const GID = 100;

export const BOOT = "boot";
export const checksum = (text: string): number => text.length;

export interface Happening {
  readonly at: number;
  readonly run: () => void;
}

export class Machine {
  readonly processes = new Map<number, Process>();
  readonly disk = new Map<string, string>();
  readonly fifos = new Set<string>();
  readonly inhibitorFifos = new Set<number>();
  readonly scopes = new Map<string, number>();
  readonly runtime = new Map<number, "tmpfs">();
  /** Files of lingering users. */
  readonly lingering = new Map<number, string>();
  /** Whom the user database does not know yet. */
  readonly unknown = new Set<number>();
  readonly managers: Managers;
  /** Whether no directory can be mounted. */
  mountFails = false;
  /** A write failed since the last time all records were written; they may then lag behind. */
  diskWasFull = false;
  now = 1_000_000;
  #diskFull = false;
  #nextPid = 100;
  /** What happens by itself, whether or not there is a daemon. */
  #nature: Happening[] = [];

  /** report: runs the action as soon as the daemon is idle; guard: wraps what only the present daemon may do. */
  constructor(report: (action: () => void) => void, guard: (action: () => void) => () => void) {
    this.managers = new Managers({
      after: (ms, action) => this.naturally(ms, action),
      report,
      daemonAfter: (ms, action) => this.naturally(ms, guard(action)),
    });
  }

  naturally(ms: number, run: () => void): void {
    this.#nature.push({ at: this.now + ms * 1000, run });
  }

  /** The earliest event of nature up to then. */
  natural(until: number): Happening | null {
    const due = this.#nature.filter(({ at }) => at <= until);
    const next = due.reduce<Happening | null>(
      (first, each) => (first && first.at <= each.at ? first : each),
      null,
    );
    if (next === null) return null;
    return {
      at: next.at,
      run: () => {
        this.#nature.splice(this.#nature.indexOf(next), 1);
        next.run();
      },
    };
  }

  instant() {
    this.now += 1;
    return { realtime: this.now, monotonic: this.now };
  }

  spawn(scope: string | null = null): Process {
    const pid = this.#nextPid++;
    const identity = { pid, start: String(this.now), inode: String(pid), executable: "1:1" };
    const process = {
      identity,
      executable: "1:1",
      alive: true,
      scope,
      writes: new Set<string>(),
      inhibits: new Set<number>(),
    };
    this.processes.set(pid, process);
    return process;
  }

  exit(process: Process): void {
    process.alive = false;
    process.writes.clear();
    process.inhibits.clear();
  }

  fillDisk(full: boolean): void {
    this.#diskFull = full;
    this.diskWasFull ||= full;
  }

  get isDiskFull(): boolean {
    return this.#diskFull;
  }

  needSpace(key: string): void {
    if (this.#diskFull) throw Object.assign(new Error(`write ${key}: ENOSPC`), { errno: "ENOSPC" });
  }

  scopePopulated(id: string): boolean {
    return [...this.processes.values()].some((process) => process.alive && process.scope === id);
  }

  fifoHeld(id: string): boolean {
    return [...this.processes.values()].some((process) => process.writes.has(id));
  }

  inhibitorHeld(id: number): boolean {
    return [...this.processes.values()].some((process) => process.inhibits.has(id));
  }

  storedInhibitors(): Inhibitor[] {
    return this.stored("inhibitors/").flatMap((name) => {
      const text = this.disk.get(`inhibitors/${name}`) ?? "";
      return parseInhibitor(Number(name), text, BOOT, checksum) ?? [];
    });
  }

  /** Names of records, without what they begin with. */
  stored(folder: string): string[] {
    return [...this.disk.keys()]
      .filter((key) => key.startsWith(folder))
      .map((key) => key.slice(folder.length));
  }

  storedSession(id: string): Session | null {
    const text = this.disk.get(`sessions/${id}`);
    return text === undefined ? null : parseSession(id, text, BOOT, checksum);
  }

  storedUser(uid: number): User | null {
    const text = this.disk.get(`users/${uid}`);
    return text === undefined ? null : parseUser(uid, text, BOOT, checksum);
  }

  storedSeats(): SeatRecord[] {
    return this.stored("seats/").flatMap(
      (id) => parseSeat(id, this.disk.get(`seats/${id}`) ?? "", BOOT, checksum) ?? [],
    );
  }

  account(uid: number): Account | null {
    return this.unknown.has(uid) ? null : { uid, gid: GID, name: `u${uid}`, groups: [] };
  }

  /** What a starting daemon finds. */
  found(): Found {
    const users = this.stored("users/").map(Number);
    const records = this.stored("sessions/").flatMap((id) => this.storedSession(id) ?? []);
    const inhibitors = this.storedInhibitors();
    const recorded = new Set(records.map((record) => record.id));
    return {
      seats: this.storedSeats(),
      held: { devices: [], vts: [], gettys: [], clients: [] },
      nextId: Number(this.disk.get("next-id") ?? 1),
      sessions: records.map((record) => {
        const leader = this.processes.get(record.leader.pid);
        return {
          record,
          leaderAlive: leader?.alive ?? false,
          executable: leader?.alive ? leader.executable : "",
          lifetimeHeld: this.fifos.has(record.id) && this.fifoHeld(record.id),
          scopeExists: this.scopes.has(record.id),
        };
      }),
      users: users.flatMap((uid) => this.storedUser(uid) ?? []),
      orphanScopes: [...this.scopes].filter(([id]) => !recorded.has(id)).map(([id, uid]) => ({ id, uid })),
      orphanLifetimes: [...this.fifos].filter((id) => !recorded.has(id)),
      runtimeDirectories: [...this.runtime].map(([uid, directory]) => ({ uid, directory })),
      managers: [...this.managers.runs.values()].map(({ uid, alive }) => ({ uid, alive })),
      lingering: [...this.lingering].map(([uid, name]) => ({ uid, name })),
      inhibitors: inhibitors.map((record) => ({
        record,
        held: this.inhibitorFifos.has(record.id) && this.inhibitorHeld(record.id),
      })),
      orphanInhibitors: [...this.inhibitorFifos].filter((id) => !inhibitors.some((each) => each.id === id)),
    };
  }

  enter(id: string, uid: number, leader: ProcessIdentity): void {
    const process = this.processes.get(leader.pid);
    this.scopes.set(id, uid);
    if (process === undefined || !process.alive)
      throw Object.assign(new Error("no such process"), { errno: "ESRCH" });
    process.scope = id;
  }
}
