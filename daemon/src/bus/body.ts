/** Bodies of messages that are sent. */

import { encode } from "./codec.ts";
import type { Value } from "./values.ts";
import { Writer } from "./writer.ts";

/** A body that is encoded once and sent many times. */
export class Prepared {
  readonly signature: string;
  readonly bytes: Uint8Array;

  /** Values, or what encode() has made of them. Throws TypeError if the values are not of the signature. */
  constructor(signature: string, values: readonly Value[] | Uint8Array) {
    this.signature = signature;
    this.bytes = values instanceof Uint8Array ? values : encode(signature, values);
  }
}

/**
 * An array of structures, each encoded by itself: they begin at multiples of 8 wherever they are, so what was encoded
 * once can be in any such array.
 */
export function join(signature: string, structures: readonly Uint8Array[]): Prepared {
  const writer = new Writer();
  writer.array(8, () => {
    for (const each of structures) {
      writer.align(8);
      writer.raw(each);
    }
  });
  return new Prepared(signature, writer.bytes.subarray(0, writer.at));
}

/** Writes the body itself, of the right signature, from a multiple of 8. */
export type BodyWriter = (writer: Writer) => void;

/** One value for each complete type of the signature, or one of the above. */
export type Body = readonly Value[] | Prepared | BodyWriter;
