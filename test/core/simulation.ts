/**
 * A whole machine in memory for the core and the loop: processes, FIFOs, scopes, runtime directories, service managers
 * and a disk that survive a daemon, and a daemon that can be killed between any two of its effects.
 */

import type { OpenResult } from "../../daemon/src/core/effects.ts";
import type { Caller, Event, OpenFacts } from "../../daemon/src/core/events.ts";
import type {
  ManagerNews,
  Policy,
  ProcessIdentity,
  Session,
  User,
  World,
} from "../../daemon/src/core/model.ts";
import { emptyWorld } from "../../daemon/src/core/step.ts";
import { createEngine, type Engine } from "../../daemon/src/loop/engine.ts";
import type { Ports } from "../../daemon/src/loop/ports.ts";
import { parseSession, renderSession } from "../../daemon/src/store/render.ts";
import { parseUser, renderUser } from "../../daemon/src/store/render-user.ts";
import { Logins } from "./logins.ts";
import { Managers } from "./managers.ts";

export const policy: Policy = {
  killUserProcesses: false,
  killOnlyUsers: [],
  killExcludeUsers: ["root"],
  stopTimeoutMs: 10_000,
  sessionsMax: 40,
  sessionsMaxPerUser: 6,
  runtimeDirectories: "/run/user",
  trustedServices: ["lightdm"],
  runtimeDirectoryBytes: 1 << 20,
  runtimeDirectoryInodes: 256,
  limits: { default: {}, groups: [], users: new Map() },
  services: {
    default: { backend: "/backends/runit", linger: "per-user" },
    groups: [],
    users: new Map(),
    classes: ["user", "user-early"],
    rootSession: false,
    selfLinger: true,
    loginTimeoutMs: 30_000,
    startTimeoutMs: 60_000,
    stopTimeoutMs: 20_000,
    termTimeoutMs: 10_000,
    startsAtOnce: 2,
  },
};

export interface Process {
  readonly identity: ProcessIdentity;
  executable: string;
  alive: boolean;
  scope: string | null;
  readonly writes: Set<string>;
}

/** Everybody's group, which nobody guesses. */
export const GID = 100;

export const BOOT = "boot";
export const checksum = (text: string): number => text.length;

export class Simulation {
  readonly processes = new Map<number, Process>();
  readonly disk = new Map<string, string>();
  readonly fifos = new Set<string>();
  readonly scopes = new Map<string, number>();
  readonly runtime = new Map<number, "tmpfs">();
  readonly answers: { call: number; result: OpenResult }[] = [];
  readonly given = new Set<string>();
  readonly signals: number[] = [];
  /** SessionNew and SessionRemoved as a listener would count them. */
  readonly announced = new Map<string, number>();
  /** The World that listeners were told of last. */
  published: World;
  readonly bugs: unknown[] = [];
  /** A write failed since the last time all records were written; they may then lag behind. */
  diskWasFull = false;
  #diskFull = false;
  now = 1_000_000;
  engine: Engine;
  /** Files of lingering users. */
  readonly lingering = new Map<number, string>();
  /** Whom the user database does not know yet. */
  readonly unknown = new Set<number>();
  readonly managers: Managers;
  readonly logins: Logins;
  /** Users who may be without a manager that they would have otherwise. */
  readonly excused = new Set<number>();
  #policy: Policy;
  /** What happens by itself, whether or not there is a daemon. */
  #nature: { at: number; action: () => void }[] = [];
  #daemon = 0;
  #nextPid = 100;
  #nextCall = 0;
  /** Port calls until the daemon is killed; Infinity: never. */
  #fuse = Number.POSITIVE_INFINITY;
  #waiting: { ready: () => boolean; run: () => void }[] = [];
  #timers = new Map<string, { at: number; fired: () => void }>();
  #removals: (() => void)[] = [];
  /** FIFOs whose write end the daemon still holds itself. */
  #ungranted = new Set<string>();

  /** How many there are, from 1000 on. */
  readonly users: number;

  constructor(wanted: Policy = policy, users = 4) {
    this.users = users;
    this.#policy = wanted;
    this.published = emptyWorld(wanted);
    this.managers = new Managers({
      after: (ms, action) => this.#naturally(ms, action),
      report: (action) => this.#removals.push(action),
      daemonAfter: (ms, action) => {
        const daemon = this.#daemon;
        this.#naturally(ms, () => {
          if (daemon === this.#daemon && !this.dead) action();
        });
      },
    });
    this.logins = new Logins(this);
    this.engine = this.#start();
    this.#submitFound();
  }

  spawn(scope: string | null = null): Process {
    const pid = this.#nextPid++;
    const identity = { pid, start: String(this.now), inode: String(pid), executable: "1:1" };
    const process = { identity, executable: "1:1", alive: true, scope, writes: new Set<string>() };
    this.processes.set(pid, process);
    return process;
  }

  exit(process: Process): void {
    process.alive = false;
    process.writes.clear();
  }

  get dead(): boolean {
    return this.#fuse <= 0;
  }

  /** The daemon is killed after so many more calls of its ports. */
  killAfter(calls: number): void {
    if (!this.dead) this.#fuse = calls;
  }

  restart(): void {
    this.excused.clear();
    this.#daemon += 1;
    this.managers.disconnect();
    this.logins.restarted();
    this.#waiting = [];
    this.#timers = new Map();
    this.#removals = [];
    this.#ungranted = new Set();
    this.#fuse = Number.POSITIVE_INFINITY;
    this.announced.clear();
    this.published = emptyWorld(this.#policy);
    this.engine = this.#start();
    this.#submitFound();
    this.settle();
  }

  open(process: Process, facts: OpenFacts, nonce = ""): number {
    const call = ++this.#nextCall;
    this.logins.asked(call, facts.uid);
    const inside = process.scope;
    this.submit({
      kind: "session.openRequested",
      at: this.#instant(),
      requester: { room: "pam", call },
      facts,
      leader: {
        identity: { ...process.identity, executable: process.executable },
        insideSession: inside,
        sameNamespace: true,
      },
      nonce,
      lifetime: true,
    });
    return call;
  }

  submit(event: Event): void {
    if (this.dead) return;
    this.engine.submit(event);
    this.settle();
  }

  instant = () => this.#instant();

  advance(ms: number): void {
    const until = this.now + ms * 1000;
    for (let next = this.#next(until); next !== null; next = this.#next(until)) {
      this.now = Math.max(this.now, next.at);
      next.run();
      this.settle();
    }
    this.now = Math.max(this.now, until);
    this.settle();
  }

  /** The earliest timer or event of nature up to then. */
  #next(until: number): { at: number; run: () => void } | null {
    let next: { at: number; run: () => void } | null = null;
    for (const [name, timer] of this.dead ? [] : this.#timers) {
      if (timer.at > until || (next !== null && next.at <= timer.at)) continue;
      next = { at: timer.at, run: () => this.#timers.delete(name) && timer.fired() };
    }
    for (const event of this.#nature) {
      if (event.at > until || (next !== null && next.at <= event.at)) continue;
      next = {
        at: event.at,
        run: () => {
          this.#nature.splice(this.#nature.indexOf(event), 1);
          event.action();
        },
      };
    }
    return next;
  }

  #naturally(ms: number, action: () => void): void {
    this.#nature.push({ at: this.now + ms * 1000, action });
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** The administrator has changed the configuration. */
  configure(services: Partial<Policy["services"]>): void {
    this.#policy = { ...this.#policy, services: { ...this.#policy.services, ...services } };
    this.submit({ kind: "policy.changed", at: this.#instant(), policy: this.#policy });
  }

  linger(uid: number, enabled: boolean, caller: Caller): void {
    if (this.dead) return;
    if (enabled) this.excused.delete(uid);
    this.submit({
      kind: "linger.requested",
      at: this.#instant(),
      requester: { room: "control", call: 0 },
      caller,
      user: { uid, gid: GID, name: `u${uid}`, groups: [] },
      enabled,
    });
  }

  terminateUser(uid: number): void {
    if (this.dead) return;
    this.excused.add(uid);
    this.submit({
      kind: "user.terminateRequested",
      at: this.#instant(),
      requester: { room: "control", call: 0 },
      uid,
      caller: { uid: 0, pid: 2 },
    });
  }

  /** Users without a manager get one with their next login. */
  backend(backend: string): void {
    for (let uid = 1000; uid < 1000 + this.users; uid++) this.excused.add(uid);
    this.configure({ default: { ...this.#policy.services.default, backend } });
  }

  lingerPolicy(linger: "yes" | "no" | "per-user"): void {
    this.configure({ default: { ...this.#policy.services.default, linger } });
  }

  /** A record is lost while there is no daemon. */
  damage(key: string, uid: number): void {
    this.killAfter(0);
    this.disk.delete(key);
    this.restart();
    this.excused.add(uid);
  }

  fillDisk(full: boolean): void {
    this.#diskFull = full;
    this.diskWasFull ||= full;
  }

  /** Lets everything that has become true be noticed. */
  settle(): void {
    for (let again = true; again && !this.dead; ) {
      again = false;
      for (const removal of this.#removals.splice(0)) removal();
      for (const watch of [...this.#waiting]) {
        if (this.dead || !this.#waiting.includes(watch) || !watch.ready()) continue;
        this.#waiting.splice(this.#waiting.indexOf(watch), 1);
        watch.run();
        again = true;
      }
      again ||= this.#removals.length > 0;
    }
  }

  scopePopulated(id: string): boolean {
    return [...this.processes.values()].some((process) => process.alive && process.scope === id);
  }

  fifoHeld(id: string): boolean {
    return [...this.processes.values()].some((process) => process.writes.has(id));
  }

  storedSession(id: string): Session | null {
    const text = this.disk.get(`sessions/${id}`);
    return text === undefined ? null : parseSession(id, text, BOOT, checksum);
  }

  storedUser(uid: number): User | null {
    const text = this.disk.get(`users/${uid}`);
    return text === undefined ? null : parseUser(uid, text, BOOT, checksum);
  }

  #instant() {
    this.now += 1;
    return { realtime: this.now, monotonic: this.now };
  }

  #start(): Engine {
    const onBug = (error: unknown) => this.bugs.push(error);
    return createEngine({ world: emptyWorld(this.#policy), ports: this.#ports(), onBug });
  }

  #submitFound(): void {
    const sessions = [...this.disk.keys()]
      .filter((key) => key.startsWith("sessions/"))
      .map((key) => key.slice(9));
    const users = [...this.disk.keys()]
      .filter((key) => key.startsWith("users/"))
      .map((key) => Number(key.slice(6)));
    const records = sessions.flatMap((id) => this.storedSession(id) ?? []);
    const recorded = new Set(records.map((record) => record.id));
    this.engine.submit({
      kind: "daemon.started",
      at: this.#instant(),
      found: {
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
      },
    });
  }

  /** Runs unless the daemon is dead by now. */
  #alive<T>(action: () => T, otherwise: T): T {
    if (this.dead) return otherwise;
    this.#fuse -= 1;
    return this.dead ? otherwise : action();
  }

  #write(key: string, text: string): void {
    this.#alive(() => {
      this.#needSpace(key);
      this.disk.set(key, text);
    }, undefined);
  }

  #needSpace(key: string): void {
    if (this.#diskFull) throw Object.assign(new Error(`write ${key}: ENOSPC`), { errno: "ENOSPC" });
  }

  #watch(ready: () => boolean, run: () => void): void {
    this.#alive(() => this.#waiting.push({ ready, run }), 0);
  }

  #ports(): Ports {
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    return {
      store: this.#storePort(),
      system: this.#systemPort(),
      clock: {
        now: () => this.#instant(),
        setTimer: (timer, afterMs, fired) =>
          this.#alive(
            () => void this.#timers.set(timer, { at: this.now + afterMs * 1000, fired }),
            undefined,
          ),
        cancelTimer: (timer) => this.#alive(() => void this.#timers.delete(timer), undefined),
      },
      log,
      replies: { pam: this.#replyPort(), control: this.#replyPort(), login1: this.#replyPort() },
      publish: (before, after) => this.#alive(() => this.#announce(before, after), undefined),
    };
  }

  #announce(before: World, after: World): void {
    this.published = after;
    for (const change of after.sessions.since(before.sessions)) {
      const id = change.after?.id ?? change.before?.id ?? "";
      if (change.before === undefined) this.announced.set(id, (this.announced.get(id) ?? 0) + 1);
      if (change.after === undefined) this.announced.set(id, (this.announced.get(id) ?? 0) - 1);
    }
  }

  #storePort(): Ports["store"] {
    return {
      reserveIds: (below) => this.#write("next-id", String(below)),
      saveSession: (session) => this.#write(`sessions/${session.id}`, renderSession(session, BOOT, checksum)),
      eraseSession: (id) => this.#alive(() => void this.disk.delete(`sessions/${id}`), undefined),
      saveUser: (user) => this.#write(`users/${user.uid}`, renderUser(user, BOOT, checksum)),
      eraseUser: (uid) => this.#alive(() => this.#forgetUser(uid), undefined),
      saveLinger: (uid, name, done) =>
        this.#alive(() => {
          this.#needSpace("linger");
          this.lingering.set(uid, name);
          this.#removals.push(() => done(null));
        }, undefined),
      eraseLinger: (uid, done) =>
        this.#alive(() => {
          this.lingering.delete(uid);
          this.#removals.push(() => done(null));
        }, undefined),
    };
  }

  #forgetUser(uid: number): void {
    if (this.managers.runs.has(uid)) this.managers.wrongs.push(`user ${uid} was erased before the manager`);
    if (this.managers.logs.has(uid)) this.managers.wrongs.push(`user ${uid} was erased before the log`);
    this.disk.delete(`users/${uid}`);
    this.logins.forgotten(uid);
  }

  /** Checks what must be there before a manager may be. */
  #startManager(
    order: Parameters<Ports["system"]["startManager"]>[0],
    told: (news: ManagerNews) => void,
  ): void {
    const { uid, gid } = order;
    const { wrongs } = this.managers;
    if (!this.runtime.has(uid)) wrongs.push(`a manager of ${uid} was started without a runtime directory`);
    if (gid !== GID) wrongs.push(`a manager of ${uid} was started with a guessed group`);
    const state = this.storedUser(uid)?.manager.state;
    if (!this.#diskFull && state !== "starting")
      wrongs.push(`a manager of ${uid} was started unrecorded: ${state}`);
    this.managers.start(order, this.#listen(uid, told));
  }

  #listen(uid: number, told: (news: ManagerNews) => void): (news: ManagerNews) => void {
    return (news) => {
      if (news.state === "running") this.logins.ran(uid);
      told(news);
    };
  }

  #managerPorts() {
    const { managers } = this;
    return {
      startManager: (order, told) => this.#alive(() => this.#startManager(order, told), undefined),
      adoptManager: (uid, told) => this.#alive(() => managers.adopt(uid, this.#listen(uid, told)), undefined),
      orderManager: (uid, order) => this.#alive(() => managers.order(uid, order), undefined),
      tellEnvironment: (uid, set, unset) =>
        this.#alive(() => managers.environment(uid, set, unset), undefined),
      tellGraphical: (uid, phase) => this.#alive(() => managers.graphical(uid, phase), undefined),
      killManager: (uid) => this.#alive(() => managers.kill(uid), undefined),
      cleanManager: (uid, cleaned) => this.#alive(() => managers.clean(uid, cleaned), undefined),
      eraseManager: (uid) => this.#alive(() => void managers.logs.delete(uid), undefined),
      lookUpUser: (uid, found) =>
        this.#alive(() => {
          const account = this.unknown.has(uid) ? null : { uid, gid: GID, name: `u${uid}`, groups: [] };
          this.#removals.push(() => found(account));
        }, undefined),
    } satisfies Partial<Ports["system"]>;
  }

  #systemPort(): Ports["system"] {
    const none = () => {};
    return {
      createRuntimeDirectory: (uid) => {
        this.#alive(() => void this.runtime.set(uid, "tmpfs"), undefined);
        return "tmpfs";
      },
      removeRuntimeDirectory: (uid, _gid, _kind, done) =>
        this.#alive(() => {
          if (this.managers.runs.has(uid))
            this.managers.wrongs.push(`the runtime directory of ${uid} was removed before the manager`);
          this.runtime.delete(uid);
          this.#removals.push(() => done(null));
        }, undefined),
      createSlice: none,
      limitSlice: none,
      removeSlice: none,
      enterScope: (id, uid, leader) => this.#alive(() => this.#enter(id, uid, leader), undefined),
      watchScope: (id, _uid, emptied) => this.#watch(() => !this.scopePopulated(id), emptied),
      signalScope: (_id, _uid, signal) => this.#alive(() => void this.signals.push(signal), undefined),
      killScope: (id) =>
        this.#alive(() => {
          for (const process of this.processes.values()) if (process.scope === id) this.exit(process);
        }, undefined),
      removeScope: (id) => this.#alive(() => void this.scopes.delete(id), undefined),
      createLifetime: (id, ended) => {
        this.#alive(() => {
          this.fifos.add(id);
          this.#ungranted.add(id);
        }, undefined);
        this.#watch(() => this.fifos.has(id) && !this.fifoHeld(id) && !this.#ungranted.has(id), ended);
      },
      resumeLifetime: (id, ended) => this.#watch(() => this.fifos.has(id) && !this.fifoHeld(id), ended),
      dropLifetime: (id) => this.#alive(() => void this.fifos.delete(id), undefined),
      watchLeader: (_id, leader, exited) => this.#watch(() => !this.processes.get(leader.pid)?.alive, exited),
      unwatchLeader: none,
      signalProcess: (_process, signal) => this.#alive(() => void this.signals.push(signal), undefined),
      executableOf: (process) => {
        const found = this.processes.get(process.pid);
        return found?.alive ? found.executable : "";
      },
      hasRuntimeSocket: () => false,
      ...this.#managerPorts(),
    };
  }

  #enter(id: string, uid: number, leader: ProcessIdentity): void {
    const process = this.processes.get(leader.pid);
    this.scopes.set(id, uid);
    if (process === undefined || !process.alive)
      throw Object.assign(new Error("no such process"), { errno: "ESRCH" });
    process.scope = id;
  }

  #replyPort(): Ports["replies"]["pam"] {
    return {
      openReply: (call, result) => this.#alive(() => this.#answer(call, result), undefined),
      callReply: () => {},
    };
  }

  #answer(call: number, result: OpenResult): void {
    this.answers.push({ call, result });
    this.logins.answered(call, result);
    if (result.outcome !== "opened") return;
    const { session } = result;
    this.#ungranted.delete(session.id);
    const stored = this.storedSession(session.id);
    if (stored?.stage.phase !== "running")
      throw new Error(`session ${session.id} was granted before it was recorded`);
    const leader = this.processes.get(session.leader.pid);
    if (leader?.alive && leader.scope !== session.id)
      throw new Error(`session ${session.id} was granted outside its scope`);
    if (result.lifetime && leader?.alive) leader.writes.add(session.id);
  }
}
