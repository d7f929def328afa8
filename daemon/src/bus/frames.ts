/** Cuts what the bus sends into messages, in time that grows with the bytes alone. */

import { type Extent, FIELDS, readExtent } from "./header.ts";

/** The bus allows a path to be as long as a message. At least as much as is read at once: see Descriptors. */
export const HEAD_MAX = 68 * 1024;
const MEMORY = 8 * 1024;

export interface Frame extends Extent {
  /** Where it begins, counted from the first byte that was read. */
  readonly start: number;
  /** The message, or only its head if the body is oversized: in memory that is used again for the next one. */
  readonly bytes: Buffer;
  /** The body is longer than any that is read, and is skipped. */
  readonly oversized: boolean;
  /** So is the head: nothing is known of the message. */
  readonly headless: boolean;
}

export class FrameReader {
  readonly #bodyMax: number;
  #memory = Buffer.allocUnsafeSlow(MEMORY);
  #from = 0;
  #to = 0;
  /** How far into the stream #from is. */
  #position = 0;
  /** Bytes of an oversized message that are still to come. */
  #skip = 0;

  constructor(bodyMax: number) {
    this.#bodyMax = bodyMax;
  }

  push(bytes: Uint8Array): void {
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    this.#position += skipped;
    const rest = bytes.subarray(skipped);
    this.#makeRoom(rest.length);
    this.#memory.set(rest, this.#to);
    this.#to += rest.length;
  }

  /** The next message that is there, null if there is none. Throws BadBytes: then nothing more can be read. */
  next(): Frame | null {
    const have = this.#to - this.#from;
    if (have < FIELDS) return this.#none(have);
    const extent = readExtent(this.#memory, this.#from);
    const { body, bodyLength } = extent;
    const headless = body > HEAD_MAX;
    const oversized = headless || bodyLength > this.#bodyMax;
    const size = headless ? FIELDS : oversized ? body : body + bodyLength;
    if (have < size) return null;
    const bytes = this.#memory.subarray(this.#from, this.#from + size);
    const start = this.#position;
    this.#drop(size);
    if (oversized) this.#skipRest(body + bodyLength - size);
    // where more properties follow a spread, V8 makes hidden classes for each object, which live long
    return { start, bytes, oversized, headless, ...extent };
  }

  #drop(size: number): void {
    this.#from += size;
    this.#position += size;
  }

  #skipRest(length: number): void {
    const here = Math.min(this.#to - this.#from, length);
    this.#drop(here);
    this.#skip = length - here;
  }

  /** Nothing is lost: what a burst took is given back. */
  #none(have: number): null {
    if (have === 0) {
      this.#from = 0;
      this.#to = 0;
      if (this.#memory.length > 16 * MEMORY) this.#memory = Buffer.allocUnsafeSlow(MEMORY);
    }
    return null;
  }

  #makeRoom(size: number): void {
    if (this.#to + size <= this.#memory.length) return;
    const have = this.#to - this.#from;
    // moving down costs less than what was read since the last time, so that the sum stays linear
    const fits = have + size <= this.#memory.length && have <= this.#from;
    const memory = fits ? this.#memory : Buffer.allocUnsafeSlow(2 * (have + size));
    this.#memory.copy(memory, 0, this.#from, this.#to);
    this.#memory = memory;
    this.#from = 0;
    this.#to = have;
  }
}
