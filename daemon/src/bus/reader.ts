/** Reads the parts of values from bytes that anybody may have sent. */

export class BadBytes extends Error {}

/** What of others' messages is read at most. */
export const READ_DEPTH_MAX = 8;
export const READ_ELEMENTS_MAX = 4096;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Reader {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly little: boolean;
  at: number;
  /** Arrays in here may not go beyond it. */
  end: number;
  /** Containers that are open, those inside variants too. */
  depth = 0;
  /** Descriptors that came with the message. */
  fds = 0;
  /** Elements that an array may have, but one of bytes. */
  elements = READ_ELEMENTS_MAX;

  constructor(bytes: Buffer, little: boolean, from: number, end: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.little = little;
    this.at = from;
    this.end = end;
  }

  /** To a multiple of that many bytes from the message's beginning. */
  align(size: number): void {
    const to = (this.at + size - 1) & -size;
    if (to > this.end) throw new BadBytes("it ends too early");
    for (let at = this.at; at < to; at += 1)
      if (this.bytes[at] !== 0) throw new BadBytes("its padding is not 0");
    this.at = to;
  }

  /** Where so many bytes are, which are read now. */
  take(size: number): number {
    const from = this.at;
    if (size > this.end - from) throw new BadBytes("it ends too early");
    this.at = from + size;
    return from;
  }

  u8(): number {
    return this.bytes[this.take(1)] as number;
  }

  u32(): number {
    this.align(4);
    return this.view.getUint32(this.take(4), this.little);
  }

  /** The text of a string or path. */
  string(): string {
    return this.#text(this.u32());
  }

  /** The text of a signature. */
  signature(): string {
    return this.#text(this.u8());
  }

  enter(): void {
    this.depth += 1;
    if (this.depth > READ_DEPTH_MAX)
      throw new BadBytes(`more than ${READ_DEPTH_MAX} containers in each other`);
  }

  leave(): void {
    this.depth -= 1;
  }

  #text(length: number): string {
    const { bytes } = this;
    const from = this.take(length + 1);
    const end = from + length;
    if (bytes[end] !== 0) throw new BadBytes("a string does not end with 0");
    let all = 0;
    for (let at = from; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === 0) throw new BadBytes("a string has a 0 in it");
      all |= byte;
    }
    if (all < 0x80) return bytes.toString("latin1", from, end);
    try {
      return UTF8.decode(bytes.subarray(from, end));
    } catch {
      throw new BadBytes("a string is not UTF-8");
    }
  }
}
