/**
 * Work that comes by the thousand when a thousand processes end at once: a little of it at a time, so that whoever asks
 * for something meanwhile is answered. What came first is done first. Where it comes without an end, as in a storm of
 * logins, as much is done as comes: else it would pile up for as long as the storm lasts.
 */

/** Between two looks at the sockets. */
const SLICE_MS = 5;
/** What one look at the sockets may bring is done in one turn, however long it takes; what a catastrophe brings is not. */
const MOST_KEPT_UP_WITH = 32;
/** Of what waits beyond this many, a quarter is done in each turn. */
const MOST_WAITING = 2000;

/** performance.now() would load a part of Node, in the middle of a login. */
const now = (): number => process.uptime() * 1000;

export class Turns {
  #waiting: (() => void)[] = [];
  #scheduled = false;
  /** Since the last turn. */
  #came = 0;

  /** Never before this returns. Calling what is returned takes it back. */
  later(work: () => void): () => void {
    let wanted = true;
    this.#came += 1;
    this.#waiting.push(() => {
      if (wanted) work();
    });
    this.#schedule();
    return () => {
      wanted = false;
    };
  }

  /** What waits is not done any more. */
  shut(): void {
    this.#waiting = [];
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#slice());
  }

  #slice(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#scheduled = false;
    const end = now() + SLICE_MS;
    const beyond = Math.max(0, waiting.length - MOST_WAITING);
    const least = Math.max(1, Math.min(this.#came, MOST_KEPT_UP_WITH) + Math.ceil(beyond / 4));
    this.#came = 0;
    let done = 0;
    try {
      while (done < waiting.length && (done < least || now() < end)) waiting[done++]?.();
    } finally {
      this.#waiting = [...waiting.slice(done), ...this.#waiting];
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}
