/**
 * The keeper, sessionman-run and the backends of a simulated machine: they live on when the daemon dies, and behave as
 * badly as they are told to. What a daemon must never do to them is noted.
 */

import type { ManagerNews } from "../../daemon/src/core/model.ts";
import type { ManagerOrder } from "../../daemon/src/loop/ports.ts";

export const CONDUCTS = [
  "good",
  "slow",
  /** Never says that it is ready. */
  "silent",
  /** Ready, but its services never come up. */
  "unready",
  "complaining",
  "exits",
  /** Does not care for the stop script. */
  "stubborn",
  /** Nor for TERM. */
  "immortal",
  /** The keeper cannot start it. */
  "absent",
] as const;
export type Conduct = (typeof CONDUCTS)[number];

/** Milliseconds from the start until it takes commands, and until its services are up. */
const TIMES: Readonly<Partial<Record<Conduct, readonly [ready: number, running: number]>>> = {
  good: [100, 300],
  slow: [20_000, 45_000],
  unready: [100, Number.POSITIVE_INFINITY],
  complaining: [100, 300],
  stubborn: [100, 300],
  immortal: [100, 300],
};

/** A sessionman-run with its manager, or the groups that are left of it. */
export interface Run {
  readonly uid: number;
  readonly conduct: Conduct;
  alive: boolean;
  stopped: boolean;
  news: ManagerNews;
  told: ((news: ManagerNews) => void) | null;
  readonly environment: Map<string, string>;
  graphical: boolean;
}

export interface Clockwork {
  /** Runs later, whatever becomes of the daemon. */
  after(ms: number, action: () => void): void;
  /** Runs as soon as the daemon is idle, unless it is another one by then. */
  report(action: () => void): void;
  /** Runs later, unless the daemon that asked for it is dead. */
  daemonAfter(ms: number, action: () => void): void;
}

export class Managers {
  /** By user: what runs, or was not cleared away. */
  readonly runs = new Map<number, Run>();
  readonly conducts = new Map<number, Conduct>();
  readonly logs = new Set<number>();
  readonly wrongs: string[] = [];
  /** How long a clearing away takes. */
  cleaningMs = 5;
  readonly #clockwork: Clockwork;
  #nextPid = 5000;

  constructor(clockwork: Clockwork) {
    this.#clockwork = clockwork;
  }

  start({ uid }: ManagerOrder, told: (news: ManagerNews) => void): void {
    if (this.runs.has(uid)) this.wrongs.push(`I16: a second manager of ${uid} was started`);
    const conduct = this.conducts.get(uid) ?? "good";
    if (conduct === "absent") throw Object.assign(new Error("no keeper"), { errno: "ECONNREFUSED" });
    const pid = this.#nextPid++;
    const news: ManagerNews = { state: "starting", pid: 0, message: "" };
    const run: Run = {
      uid,
      conduct,
      alive: true,
      stopped: false,
      news,
      told,
      environment: new Map(),
      graphical: false,
    };
    this.runs.set(uid, run);
    this.logs.add(uid);
    this.#tell(run, news);
    const [ready, running] = TIMES[conduct] ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const message = conduct === "complaining" ? "exit code 1" : "";
    this.#at(run, 10, { state: "starting", pid, message: "" });
    this.#at(run, ready, { state: "ready", pid, message: "" });
    this.#at(run, running, { state: "running", pid, message });
    if (conduct === "exits") this.#clockwork.after(50, () => this.end(run, "exit code 1"));
  }

  #at(run: Run, ms: number, news: ManagerNews): void {
    if (ms === Number.POSITIVE_INFINITY) return;
    this.#clockwork.after(ms, () => {
      if (run.alive && !run.stopped) this.#tell(run, news);
    });
  }

  #tell(run: Run, news: ManagerNews): void {
    run.news = news;
    const { told } = run;
    if (told !== null) this.#clockwork.report(() => told(news));
  }

  end(run: Run, message: string): void {
    if (!run.alive) return;
    run.alive = false;
    this.#tell(run, { state: "ended", message });
    run.told = null;
  }

  /** The daemon is gone, and the connections with it. */
  disconnect(): void {
    for (const run of this.runs.values()) run.told = null;
  }

  adopt(uid: number, told: (news: ManagerNews) => void): void {
    const run = this.runs.get(uid);
    if (run === undefined || !run.alive) {
      this.#clockwork.report(() => told({ state: "ended", message: "sessionman-run is gone" }));
      return;
    }
    run.told = told;
    this.#tell(run, run.news);
  }

  order(uid: number, order: "stop" | "term"): void {
    const run = this.runs.get(uid);
    if (run === undefined || !run.alive) return;
    run.stopped = true;
    if (run.conduct === "immortal" || (run.conduct === "stubborn" && order === "stop")) return;
    this.#clockwork.after(200, () => this.end(run, "exit code 0"));
  }

  kill(uid: number): void {
    const run = this.runs.get(uid);
    if (run !== undefined) this.end(run, "signal 9");
  }

  clean(uid: number, cleaned: () => void): void {
    this.kill(uid);
    this.#clockwork.daemonAfter(this.cleaningMs, () => {
      this.runs.delete(uid);
      cleaned();
    });
  }

  environment(uid: number, set: ReadonlyMap<string, string>, unset: readonly string[]): void {
    const run = this.#running(uid, "environment");
    for (const name of unset) run?.environment.delete(name);
    for (const [name, value] of set) run?.environment.set(name, value);
  }

  graphical(uid: number, phase: "start" | "stop"): void {
    const run = this.#running(uid, "graphical");
    if (run !== undefined) run.graphical = phase === "start";
  }

  /** One that has ended may not have been heard of yet. */
  #running(uid: number, what: string): Run | undefined {
    const run = this.runs.get(uid);
    if (run === undefined || (run.alive && run.news.state !== "running"))
      this.wrongs.push(`${what} was told to a manager of ${uid} that does not run`);
    return run?.alive ? run : undefined;
  }
}
