/**
 * Calls of one user do not keep the others waiting: when there is more to do than a turn has time for, each user with
 * calls gets one of them served in turn. As long as there is time nothing is queued.
 */

const TURN_MS = 8;
/** Of one user, and of all. */
const JOBS_MAX = 4096;
const BYTES_MAX = 4 * 1024 * 1024;
const ALL_BYTES_MAX = 64 * 1024 * 1024;
/** What a job costs besides its bytes. */
const JOB_BYTES = 512;

interface Line<J> {
  readonly jobs: { readonly job: J; readonly bytes: number }[];
  /** Where the first one is that waits. */
  next: number;
  bytes: number;
}

export class FairQueue<J> {
  readonly #serve: (job: J) => void;
  /** Nothing may be served now; resume() will be called. */
  readonly #blocked: () => boolean;
  /** By uid, the one that is served next first. */
  readonly #lines = new Map<number, Line<J>>();
  #bytes = 0;
  #turn = 0;
  #scheduled = false;

  constructor(serve: (job: J) => void, blocked: () => boolean) {
    this.#serve = serve;
    this.#blocked = blocked;
  }

  /** Something begins to be read: there is time again. */
  begin(): void {
    this.#turn = performance.now();
  }

  /** Whether a call may be served at once. */
  get idle(): boolean {
    return this.#lines.size === 0 && performance.now() - this.#turn < TURN_MS && !this.#blocked();
  }

  /** False if the user has too many already. */
  add(uid: number, bytes: number, job: J): boolean {
    const size = bytes + JOB_BYTES;
    const line = this.#lines.get(uid) ?? { jobs: [], next: 0, bytes: 0 };
    const full = line.jobs.length - line.next >= JOBS_MAX || line.bytes + size > BYTES_MAX;
    if (full || this.#bytes + size > ALL_BYTES_MAX) return false;
    line.jobs.push({ job, bytes: size });
    line.bytes += size;
    this.#bytes += size;
    this.#lines.set(uid, line);
    this.resume();
    return true;
  }

  resume(): void {
    if (this.#scheduled || this.#lines.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.begin();
      this.#turnOver();
      if (!this.#blocked()) this.resume();
    });
  }

  /** Those that will not be served any more. */
  clear(): J[] {
    const left = [...this.#lines.values()].flatMap(({ jobs, next }) =>
      jobs.slice(next).map(({ job }) => job),
    );
    this.#lines.clear();
    this.#bytes = 0;
    return left;
  }

  #turnOver(): void {
    while (performance.now() - this.#turn < TURN_MS && !this.#blocked()) {
      const first = this.#lines.entries().next();
      if (first.done === true) return;
      const [uid, line] = first.value;
      const { job, bytes } = line.jobs[line.next] as (typeof line.jobs)[number];
      line.next += 1;
      line.bytes -= bytes;
      this.#bytes -= bytes;
      this.#lines.delete(uid);
      if (line.next < line.jobs.length) this.#lines.set(uid, line);
      if (line.next === JOBS_MAX) {
        line.jobs.splice(0, line.next);
        line.next = 0;
      }
      this.#serve(job);
    }
  }
}
