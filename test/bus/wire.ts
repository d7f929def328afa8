/** Messages as the bus and others send them, for tests: also those that are wrong. */

import { encode, readBody } from "../../daemon/src/bus/codec.ts";
import { FrameReader } from "../../daemon/src/bus/frames.ts";
import { type Header, readHeader } from "../../daemon/src/bus/header.ts";
import { Reader } from "../../daemon/src/bus/reader.ts";
import { type Value, Variant } from "../../daemon/src/bus/values.ts";

export interface WireMessage {
  readonly type?: number;
  readonly flags?: number;
  readonly serial?: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature?: string;
  readonly fds?: number;
  readonly body?: readonly Value[] | Uint8Array;
}

const FIELDS = [
  [1, "o", "path"],
  [2, "s", "interface"],
  [3, "s", "member"],
  [4, "s", "errorName"],
  [5, "u", "replySerial"],
  [6, "s", "destination"],
  [7, "s", "sender"],
  [8, "g", "signature"],
  [9, "u", "fds"],
] as const;

/** The whole message, its fields in this order. */
export function wire(message: WireMessage): Buffer {
  const { type = 1, flags = 0, serial = 1, signature = "", fds = 0, body = [] } = message;
  const bytes = body instanceof Uint8Array ? body : encode(signature, body, fds);
  const fields = FIELDS.filter(([, , name]) => message[name] !== undefined && message[name] !== "").map(
    ([field, kind, name]): Value => [field, new Variant(kind, message[name] as Value)],
  );
  const head = Buffer.from(encode("yyyyuua(yv)", [0x6c, type, flags, 1, bytes.length, serial, fields]));
  const padding = Buffer.alloc((8 - (head.length % 8)) % 8);
  return Buffer.concat([head, padding, bytes]);
}

export interface Sent {
  readonly header: Header;
  readonly body: readonly Value[];
}

/** The messages in what the daemon sent. */
export function unwire(bytes: Uint8Array): Sent[] {
  const frames = new FrameReader(1 << 25);
  const sent: Sent[] = [];
  frames.push(bytes);
  for (let frame = frames.next(); frame !== null; frame = frames.next()) {
    const header = readHeader(frame.bytes, frame);
    const reader = new Reader(frame.bytes, frame.little, frame.body, frame.bytes.length);
    reader.fds = header.fds;
    reader.elements = 1 << 20;
    sent.push({ header, body: readBody(reader, header.signature) });
  }
  return sent;
}
