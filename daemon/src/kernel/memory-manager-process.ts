/** A sessionman-run of the simulated machine, which outlives the daemon: a test says what it does. */

import type { ManagerNews } from "../core/model.ts";
import type { ManagerOrder } from "../loop/ports.ts";
import type { MemoryProcess, MemorySystem } from "./memory-system.ts";

export class MemoryManager {
  readonly order: ManagerOrder;
  /** sessionman-run itself. */
  readonly holder: MemoryProcess;
  /** The run process; null before it is forked. */
  process: MemoryProcess | null = null;
  news: ManagerNews = { state: "starting", pid: 0, message: "" };
  /** What the daemon sent: the words of each packet. */
  readonly orders: (readonly string[])[] = [];
  readonly #system: MemorySystem;
  readonly #group: string | null;

  /** group: the slice that its groups are in; null without control groups. */
  constructor(system: MemorySystem, order: ManagerOrder, group: string | null) {
    this.#system = system;
    this.#group = group;
    this.order = order;
    const cgroup = group === null ? "" : `${group}/sessionman-run@${order.uid}.service`;
    this.holder = system.makeProcess({ command: "sessionman-run", cgroup, stubborn: true });
  }

  get alive(): boolean {
    return this.#system.processes.get(this.holder.identity.pid) === this.holder;
  }

  /** The backend is run: its pid. */
  fork(): number {
    const { uid } = this.order;
    const cgroup = this.#group === null ? "" : `${this.#group}/user@${uid}.service/init.scope`;
    const parent = this.holder.identity.pid;
    this.process = this.#system.makeProcess({ uid, parent, command: "manager", cgroup });
    const { pid } = this.process.identity;
    this.say({ state: "starting", pid, message: "" });
    return pid;
  }

  /** Everything comes up as it should. */
  run(message = ""): void {
    const pid = this.process?.identity.pid ?? this.fork();
    this.say({ state: "ready", pid, message: "" });
    this.say({ state: "running", pid, message });
  }

  say(news: ManagerNews): void {
    this.news = news;
    this.#system.watches?.managerSaid(this.order.uid, news);
  }

  /** The manager has ended, and sessionman-run after it. */
  end(message: string): void {
    const { process } = this;
    this.process = null;
    this.say({ state: "ended", message });
    if (process !== null) this.#system.exit(process.identity.pid);
    this.#system.exit(this.holder.identity.pid);
  }

  /** A process of the machine has ended, perhaps one of these. */
  processEnded(ended: MemoryProcess): void {
    if (ended === this.process) this.end("signal 9");
    else if (ended === this.holder && this.news.state !== "ended")
      this.say({ state: "ended", message: "sessionman-run is gone" });
  }
}
