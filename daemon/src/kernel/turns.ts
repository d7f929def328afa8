/**
 * Work that comes by the thousand when a thousand processes end at once: a little of it at a time, so that whoever asks
 * for something meanwhile is answered. What came first is done first.
 */

/** Between two looks at the sockets. */
const SLICE_MS = 5;

/** performance.now() would load a part of Node, in the middle of a login. */
const now = (): number => process.uptime() * 1000;

export class Turns {
  #waiting: (() => void)[] = [];
  #scheduled = false;

  /** Never before this returns. Calling what is returned takes it back. */
  later(work: () => void): () => void {
    let wanted = true;
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
    let done = 0;
    try {
      while (done < waiting.length && (done === 0 || now() < end)) waiting[done++]?.();
    } finally {
      this.#waiting = [...waiting.slice(done), ...this.#waiting];
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}
