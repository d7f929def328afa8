/** From signatures to what reads and writes values of them; made once for each signature. */

import { BASIC, type Codec, wrong } from "./basic.ts";
import { BadBytes, type Reader } from "./reader.ts";
import { parseSignature, type Type } from "./signature.ts";
import { type Value, Variant } from "./values.ts";
import { ARRAY_BYTES_MAX, Writer } from "./writer.ts";

const WRITE_DEPTH_MAX = 32;
/** Signatures inside variants are chosen by others: what was made for them is forgotten beyond so many. */
const KNOWN_MAX = 512;

/** The end of the array that begins here, after its length. */
function openArray(reader: Reader, align: number): number {
  const length = reader.u32();
  reader.align(align);
  if (length > ARRAY_BYTES_MAX || length > reader.end - reader.at)
    throw new BadBytes("an array ends too late");
  return reader.at + length;
}

/** Calls for each element, which may not go beyond the array's end. */
function readElements(reader: Reader, align: number, element: () => void): void {
  const end = openArray(reader, align);
  const outer = reader.end;
  reader.end = end;
  reader.enter();
  for (let count = 0; reader.at < end; count += 1) {
    if (count === reader.elements) throw new BadBytes(`an array of more than ${reader.elements}`);
    element();
  }
  reader.leave();
  reader.end = outer;
}

const bytes: Codec = {
  align: 4,
  read(reader) {
    const end = openArray(reader, 1);
    // the memory is used again for the next message
    return new Uint8Array(reader.bytes.subarray(reader.take(end - reader.at), end));
  },
  write(writer, value) {
    if (!(value instanceof Uint8Array)) throw wrong("a Uint8Array", value);
    writer.u32(value.length);
    writer.raw(value);
  },
};

function list(element: Codec): Codec {
  return {
    align: 4,
    read(reader) {
      const values: Value[] = [];
      readElements(reader, element.align, () => values.push(element.read(reader)));
      return values;
    },
    write(writer, value) {
      if (!Array.isArray(value)) throw wrong("an array", value);
      writer.array(element.align, () => {
        for (const each of value) element.write(writer, each);
      });
    },
  };
}

function dictionary(key: Codec, of: Codec): Codec {
  return {
    align: 4,
    read(reader) {
      const values = new Map<Value, Value>();
      readElements(reader, 8, () => {
        reader.align(8);
        const name = key.read(reader);
        values.set(name, of.read(reader));
      });
      return values;
    },
    write(writer, value) {
      if (!(value instanceof Map) && !Array.isArray(value)) throw wrong("a Map or an array of pairs", value);
      writer.array(8, () => {
        for (const [name, each] of value as Iterable<readonly [Value, Value]>) {
          writer.align(8);
          key.write(writer, name);
          of.write(writer, each);
        }
      });
    },
  };
}

function struct(members: readonly Codec[]): Codec {
  return {
    align: 8,
    read(reader) {
      reader.align(8);
      reader.enter();
      const values = members.map((member) => member.read(reader));
      reader.leave();
      return values;
    },
    write(writer, value) {
      if (!Array.isArray(value)) throw wrong("an array", value);
      writer.align(8);
      writeMembers(members, writer, value);
    },
  };
}

function writeMembers(members: readonly Codec[], writer: Writer, values: readonly Value[]): void {
  const { length } = members;
  if (values.length !== length) throw new TypeError(`${values.length} values where ${length} are expected`);
  for (let i = 0; i < length; i += 1) (members[i] as Codec).write(writer, values[i] as Value);
}

const variant: Codec = {
  align: 1,
  read(reader) {
    const signature = reader.signature();
    const codec = known(signature);
    if (codec?.length !== 1) throw new BadBytes("a variant's signature is not one type");
    reader.enter();
    const value = (codec[0] as Codec).read(reader);
    reader.leave();
    return new Variant(signature, value);
  },
  write(writer, value) {
    if (!(value instanceof Variant)) throw wrong("a Variant", value);
    const codec = known(value.signature);
    if (codec?.length !== 1) throw wrong("one type as a variant's signature", value.signature);
    writer.depth += 1;
    if (writer.depth > WRITE_DEPTH_MAX) throw new TypeError("too many variants in each other");
    writer.signature(value.signature);
    (codec[0] as Codec).write(writer, value.value as Value);
    writer.depth -= 1;
  },
};

function make({ code, inner }: Type): Codec {
  if (code === "v") return variant;
  if (code === "(") return struct(inner.map(make));
  if (code === "a") return makeArray(inner[0] as Type);
  return BASIC.get(code) as Codec;
}

function makeArray(element: Type): Codec {
  if (element.code === "y") return bytes;
  if (element.code !== "{") return list(make(element));
  const [key, of] = element.inner.map(make) as [Codec, Codec];
  return dictionary(key, of);
}

const codecs = new Map<string, readonly Codec[]>();

function known(signature: string): readonly Codec[] | null {
  const found = codecs.get(signature);
  if (found !== undefined) return found;
  const types = parseSignature(signature);
  if (types === null) return null;
  if (codecs.size >= KNOWN_MAX) codecs.clear();
  const made = types.map(make);
  codecs.set(signature, made);
  return made;
}

function demand(signature: string): readonly Codec[] {
  const found = known(signature);
  if (found === null) throw wrong("a signature", signature);
  return found;
}

/** Of one complete type. Throws TypeError, which is for constants. */
export function codecOf(type: string): Codec {
  const [codec, more] = demand(type);
  if (codec === undefined || more !== undefined) throw wrong("one type", type);
  return codec;
}

/** One value for each complete type; all of the bytes must be used up. Throws BadBytes. */
export function readBody(reader: Reader, signature: string): Value[] {
  const values = demand(signature).map((codec) => codec.read(reader));
  if (reader.at !== reader.end) throw new BadBytes("it goes on after its last value");
  return values;
}

/** The opposite, from where the writer is, which must be a multiple of 8. Throws TypeError. */
export function writeBody(writer: Writer, signature: string, values: readonly Value[]): void {
  writeMembers(demand(signature), writer, values);
}

/** The bytes of a body by itself. */
export function encode(signature: string, values: readonly Value[], fds = 0): Uint8Array {
  const writer = new Writer();
  writer.reset(fds);
  writeBody(writer, signature, values);
  return writer.bytes.subarray(0, writer.at);
}

/** One variant, thrown away or not. Throws BadBytes. */
export function readVariant(reader: Reader): Variant {
  return variant.read(reader) as Variant;
}
