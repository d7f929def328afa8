/**
 * Where log lines leave the daemon: file descriptor 2. Whoever reads it may be slow, stopped or gone; lines then wait
 * in a bounded queue, and beyond it they are counted and dropped. Nothing here waits for the reader.
 */

import * as fs from "node:fs";

const MOST_BYTES = 1024 * 1024;
const RETRY_MS = 100;
const DRAIN_STEP_MS = 10;

export interface Sink {
  /** A whole line with its newline. */
  write(line: string): void;
  /** Writes what is queued, for at most that long. */
  drain(longestMs: number): void;
}

/** recovered: the reader reads again after so many lines had to be dropped. */
export function openSink(fd: number, recovered: (lost: number) => void): Sink {
  const own = reopenWithoutBlocking(fd);
  return own === undefined ? new PatientSink(fd, recovered) : new DirectSink(own, recovered);
}

/**
 * The flag O_NONBLOCK belongs to the open file, which we share with others: so we open our own. Not possible for
 * sockets, and for a FIFO without a reader.
 */
function reopenWithoutBlocking(fd: number): number | undefined {
  const { O_WRONLY, O_APPEND, O_NONBLOCK, O_NOCTTY } = fs.constants;
  try {
    return fs.openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY);
  } catch {
    return undefined;
  }
}

const isAgain = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EINTR");

/** Lines in order, with a limit on their bytes. */
class Queue {
  lost = 0;
  private readonly lines: Buffer[] = [];
  private bytes = 0;

  push(line: string): void {
    const encoded = Buffer.from(line);
    if (this.bytes + encoded.length > MOST_BYTES) {
      this.lost++;
      return;
    }
    this.lines.push(encoded);
    this.bytes += encoded.length;
  }

  first(): Buffer | undefined {
    return this.lines[0];
  }

  /** The first line has been written up to there. */
  advance(written: number): void {
    const line = this.lines[0];
    if (!line) return;
    this.bytes -= written;
    if (written === line.length) this.lines.shift();
    else this.lines[0] = line.subarray(written);
  }

  /** The first line cannot be written: a full disk, a broken pipe. */
  drop(): void {
    this.bytes -= this.lines.shift()?.length ?? 0;
    this.lost++;
  }

  takeLost(): number {
    const lost = this.lost;
    this.lost = 0;
    return lost;
  }
}

/** Writes at once: a line is out before the daemon goes on, even if it is killed then. */
class DirectSink implements Sink {
  private readonly queue = new Queue();
  private readonly fd: number;
  private readonly recovered: (lost: number) => void;
  private retry: NodeJS.Timeout | undefined;
  /** Whether the last attempt to write went through. */
  private working = true;

  constructor(fd: number, recovered: (lost: number) => void) {
    this.fd = fd;
    this.recovered = recovered;
  }

  write(line: string): void {
    this.queue.push(line);
    if (this.retry === undefined) this.pump();
  }

  drain(longestMs: number): void {
    const end = performance.now() + longestMs;
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (!this.writeQueued() && performance.now() < end) Atomics.wait(sleeper, 0, 0, DRAIN_STEP_MS);
  }

  private pump(): void {
    this.retry = undefined;
    if (!this.writeQueued()) {
      this.retry = setTimeout(() => this.pump(), RETRY_MS).unref();
      return;
    }
    if (this.queue.lost > 0 && this.working) this.recovered(this.queue.takeLost());
  }

  /** False: the reader has to take something first. */
  private writeQueued(): boolean {
    for (let line = this.queue.first(); line; line = this.queue.first()) {
      try {
        this.queue.advance(fs.writeSync(this.fd, line));
        this.working = true;
      } catch (error) {
        if (isAgain(error)) return false;
        this.queue.drop();
        this.working = false;
      }
    }
    return true;
  }
}

/** For what cannot be opened again: one write at a time, waiting in a thread of its own. */
class PatientSink implements Sink {
  private readonly queue = new Queue();
  private readonly fd: number;
  private readonly recovered: (lost: number) => void;
  private writing = false;

  constructor(fd: number, recovered: (lost: number) => void) {
    this.fd = fd;
    this.recovered = recovered;
  }

  write(line: string): void {
    this.queue.push(line);
    if (!this.writing) this.next();
  }

  /** A line is under way whenever one is queued, and waiting for it could take for ever. */
  drain(): void {}

  private next(): void {
    const line = this.queue.first();
    this.writing = line !== undefined;
    if (!line) return;
    fs.write(this.fd, line, 0, line.length, null, (error, written) => {
      if (error && !isAgain(error)) this.queue.drop();
      else this.queue.advance(error ? 0 : written);
      if (!error && this.queue.lost > 0) this.recovered(this.queue.takeLost());
      if (isAgain(error)) setTimeout(() => this.next(), RETRY_MS).unref();
      else this.next();
    });
  }
}
