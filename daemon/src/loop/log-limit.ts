/** At most so many lines about one user in a while: whoever misbehaves does not fill the log. */

import type { LogPort } from "./ports.ts";

const LINES = 20;
/** Milliseconds. */
const WINDOW = 30_000;
const USERS_MAX = 1024;

interface Count {
  readonly since: number;
  lines: number;
}

export class LogLimit {
  readonly #log: LogPort;
  readonly #milliseconds: () => number;
  readonly #counts = new Map<number, Count>();

  constructor(log: LogPort, milliseconds: () => number) {
    this.#log = log;
    this.#milliseconds = milliseconds;
  }

  info(uid: number, message: string): void {
    if (this.#admits(uid)) this.#log.info(message);
  }

  warn(uid: number, message: string): void {
    if (this.#admits(uid)) this.#log.warn(message);
  }

  #admits(uid: number): boolean {
    const now = this.#milliseconds();
    let count = this.#counts.get(uid);
    if (count !== undefined && now - count.since >= WINDOW) {
      const suppressed = count.lines - LINES;
      if (suppressed > 0) this.#log.warn(`${suppressed} more messages about user ${uid} were left out`);
      count = undefined;
    }
    if (count === undefined) {
      if (this.#counts.size >= USERS_MAX) this.#counts.clear();
      count = { since: now, lines: 0 };
      this.#counts.set(uid, count);
    }
    count.lines += 1;
    return count.lines <= LINES;
  }
}
