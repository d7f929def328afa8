/**
 * Gives memory back when the daemon has nothing to do. V8 collects when its heap has grown by some megabytes, and never
 * because nothing happens: what a burst of logins leaves would stay until the next one.
 */

export interface Rest {
  /** Something was done that leaves garbage. */
  worked(): void;
}

/** Collects when for so long nothing was done. */
const REST_MS = 10_000;
/** Less than that is not worth the milliseconds a collection takes. */
const WORTH_IT = 100;

/** collect is undefined where Node was not started with --expose-gc. */
export function createRest(collect: (() => void) | undefined): Rest {
  let done = 0;
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;

  const look = () => {
    timer = undefined;
    if (done > seen) return wait();
    done = 0;
    collect?.();
  };
  const wait = () => {
    seen = done;
    timer = setTimeout(look, REST_MS).unref();
  };
  return {
    worked() {
      done += 1;
      if (timer === undefined && done >= WORTH_IT) wait();
    },
  };
}
