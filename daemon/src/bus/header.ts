/** The head of a message: who sends what to whom. */

import { readVariant } from "./codec.ts";
import { BadBytes, Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** The bus itself, which is a service on it: nobody else can send by this name. */
export const DRIVER = "org.freedesktop.DBus";

export const METHOD_CALL = 1;
export const METHOD_RETURN = 2;
export const ERROR = 3;
export const SIGNAL = 4;

export const NO_REPLY_EXPECTED = 1;
export const ALLOW_INTERACTIVE_AUTHORIZATION = 4;

/** By the specification. */
export const MESSAGE_MAX = 1 << 27;
export const SERIAL_MAX = 0xffff_ffff;

const VERSION = 1;
const LITTLE = 0x6c;
const BIG = 0x42;
const SERIAL = 8;
/** Where the length of the fields is, and where they begin. */
const FIELDS_LENGTH = 12;
export const FIELDS = 16;

const PATH = 1;
const INTERFACE = 2;
const MEMBER = 3;
const ERROR_NAME = 4;
const REPLY_SERIAL = 5;
const DESTINATION = 6;
const SENDER = 7;
const SIGNATURE = 8;
const UNIX_FDS = 9;

/** Where the parts of a message are, as far as its first bytes say. */
export interface Extent {
  readonly little: boolean;
  readonly fieldsEnd: number;
  /** Where the body begins. */
  readonly body: number;
  readonly bodyLength: number;
}

/** Of the FIELDS bytes from there. Throws BadBytes if that is no message. */
export function readExtent(bytes: Buffer, at: number): Extent {
  const little = bytes[at] === LITTLE;
  if (!little && bytes[at] !== BIG) throw new BadBytes("a message begins with no byte order");
  const u32 = (from: number) => (little ? bytes.readUInt32LE(from) : bytes.readUInt32BE(from));
  const bodyLength = u32(at + 4);
  const fieldsEnd = FIELDS + u32(at + FIELDS_LENGTH);
  const body = Math.ceil(fieldsEnd / 8) * 8;
  if (bytes[at + 3] !== VERSION) throw new BadBytes("a message of another version of the protocol");
  if (body + bodyLength > MESSAGE_MAX) throw new BadBytes("a message that is longer than any may be");
  return { little, fieldsEnd, body, bodyLength };
}

/** "" and 0 stand for fields that are absent. */
export interface Header {
  type: number;
  flags: number;
  serial: number;
  path: string;
  interface: string;
  member: string;
  errorName: string;
  replySerial: number;
  destination: string;
  sender: string;
  signature: string;
  fds: number;
}

/** The head of a message that begins with these bytes. Throws BadBytes, which a bus never sends. */
export function readHeader(bytes: Buffer, { little, fieldsEnd }: Extent): Header {
  const reader = new Reader(bytes, little, FIELDS, fieldsEnd);
  const header: Header = {
    type: bytes[1] as number,
    flags: bytes[2] as number,
    serial: reader.view.getUint32(8, little),
    path: "",
    interface: "",
    member: "",
    errorName: "",
    replySerial: 0,
    destination: "",
    sender: "",
    signature: "",
    fds: 0,
  };
  while (reader.at < fieldsEnd) {
    reader.align(8);
    readField(reader, reader.u8(), header);
  }
  return header;
}

function readField(reader: Reader, field: number, header: Header): void {
  switch (field) {
    case PATH:
      header.path = text(reader, "o");
      break;
    case INTERFACE:
      header.interface = text(reader, "s");
      break;
    case MEMBER:
      header.member = text(reader, "s");
      break;
    case ERROR_NAME:
      header.errorName = text(reader, "s");
      break;
    case REPLY_SERIAL:
      header.replySerial = number(reader);
      break;
    case DESTINATION:
      header.destination = text(reader, "s");
      break;
    case SENDER:
      header.sender = text(reader, "s");
      break;
    case SIGNATURE:
      header.signature = text(reader, "g");
      break;
    case UNIX_FDS:
      header.fds = number(reader);
      break;
    default:
      readVariant(reader);
  }
}

function expect(reader: Reader, type: string): void {
  const from = reader.take(3);
  const { bytes } = reader;
  if (bytes[from] !== 1 || bytes[from + 1] !== type.charCodeAt(0) || bytes[from + 2] !== 0)
    throw new BadBytes("a field of the head has another type");
}

function text(reader: Reader, type: "s" | "o" | "g"): string {
  expect(reader, type);
  return type === "g" ? reader.signature() : reader.string();
}

function number(reader: Reader): number {
  expect(reader, "u");
  return reader.u32();
}

/** What we send: the bus adds who sent it. */
export type Outgoing = Readonly<Partial<Omit<Header, "sender" | "serial" | "type" | "fds">>> & {
  readonly type: number;
};

/** Begins a message: the body comes next, then finish(). Names and paths are right: the caller has seen to that. */
export function beginMessage(writer: Writer, header: Outgoing, serial: number, fds: number): void {
  const { last } = writer;
  writer.reset(fds);
  // signals come in rows, one for each device of many: what the last message began with is still there
  if (last !== null && last.fds === fds && isSame(last.header, header)) {
    writer.view.setUint32(SERIAL, serial, true);
    writer.at = last.end;
    return;
  }
  writer.last = null;
  writeHead(writer, header, serial, fds);
  writer.last = { header, fds, end: writer.at };
}

function writeHead(writer: Writer, header: Outgoing, serial: number, fds: number): void {
  const { replySerial = 0 } = header;
  writer.u8(LITTLE);
  writer.u8(header.type);
  writer.u8(header.flags ?? 0);
  writer.u8(VERSION);
  writer.u32(0);
  writer.u32(serial);
  writer.u32(0);
  putText(writer, PATH, "o", header.path);
  putText(writer, INTERFACE, "s", header.interface);
  putText(writer, MEMBER, "s", header.member);
  putText(writer, ERROR_NAME, "s", header.errorName);
  if (replySerial > 0) putNumber(writer, REPLY_SERIAL, replySerial);
  putText(writer, DESTINATION, "s", header.destination);
  putText(writer, SIGNATURE, "g", header.signature);
  if (fds > 0) putNumber(writer, UNIX_FDS, fds);
  writer.view.setUint32(FIELDS_LENGTH, writer.at - FIELDS, true);
  writer.align(8);
}

function isSame(one: Outgoing, other: Outgoing): boolean {
  return (
    one.type === other.type &&
    one.flags === other.flags &&
    one.replySerial === other.replySerial &&
    one.destination === other.destination &&
    one.member === other.member &&
    one.path === other.path &&
    one.interface === other.interface &&
    one.signature === other.signature &&
    one.errorName === other.errorName
  );
}

/** The message, in the writer's memory: to be used before the next one is begun. */
export function finishMessage(writer: Writer): Uint8Array {
  const fields = writer.view.getUint32(FIELDS_LENGTH, true);
  writer.view.setUint32(4, writer.at - Math.ceil((FIELDS + fields) / 8) * 8, true);
  return writer.bytes.subarray(0, writer.at);
}

function putField(writer: Writer, field: number, type: string): void {
  writer.align(8);
  writer.u8(field);
  writer.signature(type);
}

function putText(writer: Writer, field: number, type: "s" | "o" | "g", value: string | undefined): void {
  if (value === undefined || value === "") return;
  putField(writer, field, type);
  if (type === "g") writer.signature(value);
  else writer.string(value);
}

function putNumber(writer: Writer, field: number, value: number): void {
  putField(writer, field, "u");
  writer.u32(value);
}
