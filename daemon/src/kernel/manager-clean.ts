/**
 * After a manager's end: kills what is left of it, gives sessionman-run time to close the user's PAM session, removes
 * the groups. It goes on until that is done, and only then says so.
 */

import type { Uid } from "../core/model.ts";
import type { Base } from "./base.ts";
import type { ManagerGroup, ManagerGroups } from "./cgroup-manager.ts";
import { errnoOf } from "./cgroup-tree.ts";

/** From the end of the manager to the kill of the process that holds its PAM session. */
const HOLDER_MS = 5_000;
/** Between one kill and the next: processes may fork faster than they are killed, on kernels without cgroup.kill. */
const AGAIN_MS = 100;
/** What has not ended by then is said. */
const SLOW_MS = 10_000;

export class Cleaning {
  readonly #base: Base;
  readonly #groups: ManagerGroups;
  readonly #uid: Uid;
  readonly #done: () => void;
  readonly #begun = performance.now();
  #group: ManagerGroup = "service";
  #timer: NodeJS.Timeout | undefined;
  #killHolderAt = Number.POSITIVE_INFINITY;
  readonly #said = new Set<string>();

  /** done is called once, and not before start() returns. */
  constructor(base: Base, groups: ManagerGroups, uid: Uid, done: () => void) {
    this.#base = base;
    this.#groups = groups;
    this.#uid = uid;
    this.#done = done;
  }

  start(): void {
    this.#kill();
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#groups.unwatch(this.#uid);
  }

  #wait(): void {
    try {
      this.#groups.watch(this.#uid, this.#group, () => this.#remove());
    } catch (error) {
      this.#say(`cannot watch the end of user ${this.#uid}'s services: ${errnoOf(error)}`);
    }
    this.#timer ??= setTimeout(() => this.#again(), AGAIN_MS);
  }

  #again(): void {
    this.#timer = undefined;
    if (performance.now() - this.#begun > SLOW_MS)
      this.#say(`processes of user ${this.#uid}'s services do not end, not even killed`);
    this.#kill();
    this.#wait();
  }

  #kill(): void {
    if (this.#group === "holder" && performance.now() < this.#killHolderAt) return;
    try {
      this.#groups.kill(this.#uid, this.#group);
    } catch (error) {
      this.#say(`cannot kill user ${this.#uid}'s services: ${errnoOf(error)}`);
    }
  }

  /** Once: it is tried again and again. */
  #say(message: string): void {
    if (!this.#said.has(message)) this.#base.log.warn(message);
    this.#said.add(message);
  }

  /** The group is empty, or is not there. */
  #remove(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const removed = this.#removeSome();
    // a process came back between the two, or there was much to remove
    if (removed === 0) this.#timer = setTimeout(() => this.#again(), AGAIN_MS);
    else if (removed > 0) this.#timer = setTimeout(() => this.#remove(), 0);
    else if (this.#group === "holder") this.#done();
    else this.#turnToHolder();
  }

  #removeSome(): number {
    try {
      return this.#groups.remove(this.#uid, this.#group);
    } catch (error) {
      errnoOf(error);
      return 0;
    }
  }

  #turnToHolder(): void {
    this.#group = "holder";
    this.#killHolderAt = performance.now() + HOLDER_MS;
    this.#wait();
  }
}
