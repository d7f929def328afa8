/** A body that is encoded once and sent many times. */

export class Prepared {
  readonly signature: string;
  readonly bytes: Uint8Array;

  constructor(signature: string, bytes: Uint8Array) {
    this.signature = signature;
    this.bytes = bytes;
  }
}
