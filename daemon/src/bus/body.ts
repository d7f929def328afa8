/** Bodies of messages that are sent. */

import { encode } from "./codec.ts";
import type { Value } from "./values.ts";
import type { Writer } from "./writer.ts";

/** A body that is encoded once and sent many times. */
export class Prepared {
  readonly signature: string;
  readonly bytes: Uint8Array;

  /** Throws TypeError if the values are not of the signature. */
  constructor(signature: string, values: readonly Value[]) {
    this.signature = signature;
    this.bytes = encode(signature, values);
  }
}

/** Writes the body itself, of the right signature, from a multiple of 8. */
export type BodyWriter = (writer: Writer) => void;

/** One value for each complete type of the signature, or one of the above. */
export type Body = readonly Value[] | Prepared | BodyWriter;
