/** How a connection to the bus begins: SASL with the identity that the kernel vouches for, and descriptors agreed. */

const LINE_MAX = 1024;

/** All of it at once: what the bus answers is checked before anything is said that matters. */
export function greeting(uid: number): Buffer {
  const identity = Buffer.from(String(uid), "latin1").toString("hex");
  return Buffer.from(`\0AUTH EXTERNAL ${identity}\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n`, "latin1");
}

export class Greeting {
  #text = "";

  /** The id of this run of the bus once it has agreed, null before; throws Error if it does not agree. */
  push(bytes: Buffer): string | null {
    this.#text += bytes.toString("latin1");
    const lines = this.#text.split("\r\n");
    if (this.#text.length > LINE_MAX) throw new Error("the bus greets without end");
    const [first, second] = lines.slice(0, -1);
    const ok = first === undefined ? null : /^OK ([0-9a-fA-F]{32})$/.exec(first);
    if (first !== undefined && ok === null) throw new Error("the bus does not accept who we are");
    if (second === undefined) return null;
    if (second !== "AGREE_UNIX_FD") throw new Error("the bus passes no descriptors");
    if (lines.length > 3 || lines[2] !== "") throw new Error("the bus talks before it is asked");
    return ok?.[1] ?? null;
  }
}
