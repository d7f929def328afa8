/**
 * The seatd protocol: a message is a header of two 16-bit numbers, what it is about and the length of the rest, all in
 * the host's byte order.
 */

const HEADER = 4;
const PATH_MAX = 256;

const CLIENT = {
  openSeat: 1,
  closeSeat: 2,
  openDevice: 3,
  closeDevice: 4,
  disableSeat: 5,
  switchSession: 6,
  ping: 7,
} as const;

const SERVER = {
  seatOpened: 0x8001,
  seatClosed: 0x8002,
  deviceOpened: 0x8003,
  deviceClosed: 0x8004,
  disableSeat: 0x8005,
  enableSeat: 0x8006,
  pong: 0x8007,
  sessionSwitched: 0x8008,
  seatDisabled: 0x8009,
  error: 0xffff,
} as const;

/** All that may wait to be read of a client that behaves: the longest request, and the beginning of another. */
export const READ_MAX = 512;

export type Request =
  | { readonly kind: "openSeat" | "closeSeat" | "disableSeat" | "ping" }
  | { readonly kind: "openDevice"; readonly path: string }
  | { readonly kind: "closeDevice"; readonly id: number }
  | { readonly kind: "switchSession"; readonly session: number };

/** length: of the whole message, its header included. */
export type Parsed =
  | { readonly request: Request; readonly length: number }
  | { readonly incomplete: true }
  | { readonly violation: string };

const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const text = new TextDecoder();

/** The first message of these bytes. */
export function parse(bytes: Uint8Array): Parsed {
  if (bytes.length < HEADER) return { incomplete: true };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [op, size] = [view.getUint16(0, little), view.getUint16(2, little)];
  if (!isSize(op, size)) return { violation: `a request ${op} of ${size} bytes` };
  const length = HEADER + size;
  if (bytes.length < length) return { incomplete: true };
  const request = readRequest(op, view, bytes.subarray(HEADER, length));
  return request === null ? { violation: "a path without its end" } : { request, length };
}

function isSize(op: number, size: number): boolean {
  switch (op) {
    case CLIENT.openSeat:
    case CLIENT.closeSeat:
    case CLIENT.disableSeat:
    case CLIENT.ping:
      return size === 0;
    case CLIENT.closeDevice:
    case CLIENT.switchSession:
      return size === 4;
    case CLIENT.openDevice:
      return size > 2 && size <= 2 + PATH_MAX;
    default:
      return false;
  }
}

function readRequest(op: number, view: DataView, rest: Uint8Array): Request | null {
  switch (op) {
    case CLIENT.openSeat:
      return { kind: "openSeat" };
    case CLIENT.closeSeat:
      return { kind: "closeSeat" };
    case CLIENT.disableSeat:
      return { kind: "disableSeat" };
    case CLIENT.closeDevice:
      return { kind: "closeDevice", id: view.getInt32(HEADER, little) };
    case CLIENT.switchSession:
      return { kind: "switchSession", session: view.getInt32(HEADER, little) };
    case CLIENT.openDevice:
      return readPath(view.getUint16(HEADER, little), rest.subarray(2));
    default:
      return { kind: "ping" };
  }
}

/** One NUL, at its end. */
function readPath(length: number, bytes: Uint8Array): Request | null {
  if (length !== bytes.length || bytes.indexOf(0) !== length - 1) return null;
  return { kind: "openDevice", path: text.decode(bytes.subarray(0, length - 1)) };
}

function encode(op: number, rest: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(HEADER + rest.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, op, little);
  view.setUint16(2, rest.length, little);
  bytes.set(rest, HEADER);
  return bytes;
}

const number = (value: number): Uint8Array => new Uint8Array(new Int32Array([value]).buffer);

/** name: of at most 63 bytes. */
export function seatOpened(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${name}\0`);
  const rest = new Uint8Array(2 + bytes.length);
  new DataView(rest.buffer).setUint16(0, bytes.length, little);
  rest.set(bytes, 2);
  return encode(SERVER.seatOpened, rest);
}

export const deviceOpened = (id: number): Uint8Array => encode(SERVER.deviceOpened, number(id));
export const failed = (errno: number): Uint8Array => encode(SERVER.error, number(errno));
export const SEAT_CLOSED = encode(SERVER.seatClosed);
export const DEVICE_CLOSED = encode(SERVER.deviceClosed);
export const SEAT_DISABLED = encode(SERVER.seatDisabled);
export const SESSION_SWITCHED = encode(SERVER.sessionSwitched);
export const PONG = encode(SERVER.pong);
/** Events, which may come at any time. */
export const ENABLE_SEAT = encode(SERVER.enableSeat);
export const DISABLE_SEAT = encode(SERVER.disableSeat);
