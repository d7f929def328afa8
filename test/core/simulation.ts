/**
 * A whole machine in memory for the core and the loop, and a daemon on it that can be killed between any two of its
 * effects. machine.ts has what survives that, ports.ts what the daemon does.
 */

import type { Policy } from "../../daemon/src/core/configuration.ts";
import type { OpenResult } from "../../daemon/src/core/effects.ts";
import type { Caller, Event, Found, OpenFacts } from "../../daemon/src/core/events.ts";
import type { World } from "../../daemon/src/core/model.ts";
import { emptyWorld } from "../../daemon/src/core/step.ts";
import { createEngine, type Engine } from "../../daemon/src/loop/engine.ts";
import { Bus } from "./bus.ts";
import { Logins } from "./logins.ts";
import { GID, type Happening, Machine, type Process } from "./machine.ts";
import { policy } from "./policy.ts";
import { DaemonPorts } from "./ports.ts";
import { brokenAlways } from "./seat-invariants.ts";
import { Seats } from "./seats-machine.ts";

export class Simulation extends Machine {
  readonly answers: { call: number; result: OpenResult }[] = [];
  readonly signals: number[] = [];
  /** SessionNew and SessionRemoved as a listener would count them. */
  readonly announced = new Map<string, number>();
  /** The World that listeners were told of last. */
  published: World;
  /** What the state files say. */
  readable: World;
  readonly bugs: unknown[] = [];
  engine: Engine;
  readonly logins: Logins;
  readonly bus: Bus;
  readonly seats: Seats;
  /** Users who may be without a manager that they would have otherwise. */
  readonly excused = new Set<number>();
  /** How many there are, from 1000 on. */
  readonly users: number;
  #policy: Policy;
  #daemon = 0;
  #nextCall = 0;
  /** Port calls until the daemon is killed; Infinity: never. */
  #fuse = Number.POSITIVE_INFINITY;
  #waiting: { ready: () => boolean; run: () => void }[] = [];
  #timers = new Map<string, { at: number; fired: () => void }>();
  #reports: (() => void)[] = [];

  /** vt: the terminal that is shown; 0 where there are none. */
  constructor(wanted: Policy = policy, users = 4, vt = 1) {
    super(
      (action) => this.#reports.push(action),
      (action) => {
        const daemon = this.#daemon;
        return () => {
          if (daemon === this.#daemon && !this.dead) action();
        };
      },
    );
    this.users = users;
    this.#policy = wanted;
    this.published = emptyWorld(wanted);
    this.readable = this.published;
    this.logins = new Logins(this);
    this.bus = new Bus(this);
    this.seats = new Seats(this, vt);
    this.engine = this.#start();
    this.#submitFound();
  }

  get dead(): boolean {
    return this.#fuse <= 0;
  }

  /** The daemon is killed after so many more calls of its ports. */
  killAfter(calls: number): void {
    if (!this.dead) this.#fuse = calls;
  }

  /** One call of a port; false once the daemon is dead. */
  burn(): boolean {
    if (!this.dead) this.#fuse -= 1;
    return !this.dead;
  }

  /** orders: how many of the last orders of the daemon that is gone the keeper carries out. */
  restart(orders = Number.POSITIVE_INFINITY): void {
    this.excused.clear();
    this.#daemon += 1;
    this.managers.disconnect();
    this.logins.restarted();
    this.#waiting = [];
    this.#timers = new Map();
    this.#reports = [];
    this.bus.restarted();
    this.seats.disconnect(orders);
    this.bus.away = true;
    this.#fuse = Number.POSITIVE_INFINITY;
    this.announced.clear();
    this.published = emptyWorld(this.#policy);
    this.readable = this.published;
    this.engine = this.#start();
    this.#submitFound();
    if (!this.seats.lazy) this.bus.connected();
    this.settle();
  }

  open(process: Process, facts: OpenFacts, nonce = ""): number {
    const call = ++this.#nextCall;
    this.logins.asked(call, facts.uid);
    const inside = process.scope;
    this.submit({
      kind: "session.openRequested",
      at: this.instant(),
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
    if (!this.dead) this.seats.wrongs.push(...brokenAlways(this, this.engine.world()));
    this.settle();
  }

  override found(): Found {
    return { ...super.found(), held: this.seats.keeper.held() };
  }

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
  #next(until: number): Happening | null {
    let next = this.natural(until);
    for (const [name, timer] of this.dead ? [] : this.#timers) {
      if (timer.at > until || (next !== null && next.at <= timer.at)) continue;
      next = { at: timer.at, run: () => this.#timers.delete(name) && timer.fired() };
    }
    return next;
  }

  setTimer(timer: string, afterMs: number, fired: () => void): void {
    this.#timers.set(timer, { at: this.now + afterMs * 1000, fired });
  }

  cancelTimer(timer: string): void {
    this.#timers.delete(timer);
  }

  report(action: () => void): void {
    this.#reports.push(action);
  }

  watch(ready: () => boolean, run: () => void): void {
    this.#waiting.push({ ready, run });
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** The administrator has changed the configuration. */
  configure(services: Partial<Policy["services"]>): void {
    this.#policy = { ...this.#policy, services: { ...this.#policy.services, ...services } };
    this.submit({ kind: "policy.changed", at: this.instant(), policy: this.#policy });
  }

  linger(uid: number, enabled: boolean, caller: Caller): void {
    if (this.dead) return;
    this.submit({
      kind: "linger.requested",
      at: this.instant(),
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
      at: this.instant(),
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

  /** Lets everything that has become true be noticed. */
  settle(): void {
    for (let again = true; again && !this.dead; ) {
      again = false;
      for (const report of this.#reports.splice(0)) report();
      for (const watch of [...this.#waiting]) {
        if (this.dead || !this.#waiting.includes(watch) || !watch.ready()) continue;
        this.#waiting.splice(this.#waiting.indexOf(watch), 1);
        watch.run();
        again = true;
      }
      again ||= this.#reports.length > 0;
      again ||= !this.seats.lazy && this.seats.quiet();
    }
  }

  #start(): Engine {
    const onBug = (error: unknown) => this.bugs.push(error);
    return createEngine({ world: emptyWorld(this.#policy), ports: new DaemonPorts(this).all, onBug });
  }

  #submitFound(): void {
    this.engine.submit({ kind: "daemon.started", at: this.instant(), found: this.found() });
    this.seats.begin();
  }
}
