/** Writes the parts of values, little-endian, into memory that grows. */

import type { Outgoing } from "./header.ts";
import { isText } from "./names.ts";

/** Strings up to this length are written here, longer ones by Node. */
const SHORT = 48;
const FIRST_BYTES = 4096;
/** By the specification. */
export const ARRAY_BYTES_MAX = 1 << 26;

export class Writer {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  view = new DataView(this.bytes.buffer);
  at = 0;
  /** Variants in each other that are open. */
  depth = 0;
  /** Descriptors that go with the message. */
  fds = 0;
  /** With which head the last message began, and where that ended. */
  last: { readonly header: Outgoing; readonly fds: number; readonly end: number } | null = null;

  reset(fds: number): void {
    this.at = 0;
    this.depth = 0;
    this.fds = fds;
  }

  /** Room for so many more bytes. */
  need(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.at + size));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  align(size: number): void {
    const to = (this.at + size - 1) & -size;
    this.need(to - this.at);
    while (this.at < to) this.bytes[this.at++] = 0;
  }

  u8(value: number): void {
    this.need(1);
    this.bytes[this.at++] = value;
  }

  u32(value: number): void {
    this.align(4);
    this.need(4);
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** A string or path. */
  string(text: string): void {
    this.align(4);
    this.need(4);
    const at = this.at;
    this.at += 4;
    const size = this.#text(text);
    this.view.setUint32(at, size, true);
  }

  /** Signatures have ASCII letters only. */
  signature(text: string): void {
    this.need(1);
    const at = this.at;
    this.at += 1;
    const size = this.#text(text);
    this.bytes[at] = size;
  }

  /** The elements that are written meanwhile, of this alignment, with their length in front. */
  array(align: number, elements: () => void): void {
    this.u32(0);
    const length = this.at - 4;
    this.align(align);
    const from = this.at;
    elements();
    if (this.at - from > ARRAY_BYTES_MAX) throw new TypeError("an array is longer than any may be");
    this.view.setUint32(length, this.at - from, true);
  }

  raw(bytes: Uint8Array): void {
    this.need(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  #text(text: string): number {
    const { length } = text;
    // at most three bytes for one unit of UTF-16
    this.need(3 * length + 1);
    const { bytes, at } = this;
    let size = 0;
    if (length <= SHORT) {
      for (; size < length; size += 1) {
        const unit = text.charCodeAt(size);
        if (unit === 0 || unit >= 0x80) break;
        bytes[at + size] = unit;
      }
    }
    if (size < length) {
      if (!isText(text)) throw new TypeError("a string has a NUL or half of a pair in it");
      size = bytes.write(text, at);
    }
    bytes[at + size] = 0;
    this.at = at + size + 1;
    return size;
  }
}
