/** The interfaces that every object has, as tables too. */

import type { Body } from "./body.ts";
import type { Call } from "./call.ts";
import { writeBody } from "./codec.ts";
import { defineInterface } from "./define.ts";
import {
  errnoError,
  INVALID_ARGS,
  PROPERTY_READ_ONLY,
  refuse,
  UNKNOWN_INTERFACE,
  UNKNOWN_OBJECT,
  UNKNOWN_PROPERTY,
} from "./errors.ts";
import { nodeXml } from "./introspection.ts";
import { machineId } from "./machine-id.ts";
import type { BusObject, Interface, KnownProperty } from "./table.ts";
import { type Value, Variant } from "./values.ts";
import type { Writer } from "./writer.ts";

/** What a path stands for in one call. */
export interface Node {
  /** null above the objects. */
  readonly object: BusObject | null;
  children(): readonly string[];
}

export const PROPERTIES = "org.freedesktop.DBus.Properties";
export const PEER = "org.freedesktop.DBus.Peer";
const INTROSPECTABLE = "org.freedesktop.DBus.Introspectable";

/** Every interface that the name means: all for "". */
function interfacesOf({ object }: Node, name: string): readonly Interface<unknown>[] {
  if (object === null) throw refuse(UNKNOWN_OBJECT, "there is no object at this path");
  const meant = name === "" ? object.interfaces : object.interfaces.filter((each) => each.name === name);
  if (meant.length === 0 && !STANDARD_NAMES.has(name))
    throw refuse(UNKNOWN_INTERFACE, `the object has no interface ${name}`);
  return meant;
}

function propertyOf(node: Node, call: Call): { property: KnownProperty<unknown>; target: unknown } {
  const [name, member] = call.args as readonly string[];
  for (const each of interfacesOf(node, name ?? "")) {
    const property = each.properties.get(member ?? "");
    if (property !== undefined) return { property, target: node.object?.target };
  }
  throw refuse(UNKNOWN_PROPERTY, `there is no property ${name}.${member}`);
}

/** The entries of a{sv} for these properties of the target. */
export function writeProperties<T>(writer: Writer, target: T, properties: Iterable<KnownProperty<T>>): void {
  for (const property of properties) {
    writer.align(8);
    writer.raw(property.entry);
    property.codec.write(writer, property.get(target));
  }
}

function getAll(node: Node, call: Call): Body {
  const interfaces = interfacesOf(node, String(call.args[0]));
  return (writer) => {
    writer.array(8, () => {
      for (const each of interfaces) writeProperties(writer, node.object?.target, each.properties.values());
    });
  };
}

function get(node: Node, call: Call): Body {
  const { property, target } = propertyOf(node, call);
  const value = property.get(target);
  return (writer) => writeBody(writer, "v", [new Variant(property.signature, value)]);
}

async function set(node: Node, call: Call): Promise<undefined> {
  const { property, target } = propertyOf(node, call);
  const { signature, value } = call.args[2] as Variant<Value>;
  if (property.set === undefined) throw refuse(PROPERTY_READ_ONLY, `${property.name} cannot be written`);
  if (signature !== property.signature)
    throw refuse(INVALID_ARGS, `${property.name} is of type ${property.signature}, not ${signature}`);
  await property.set(target, value, call);
}

function ownMachineId(): [string] {
  const id = machineId();
  if (id === null) throw errnoError("ENOENT", "this machine has no id");
  return [id];
}

const peer = defineInterface<Node>({
  name: PEER,
  methods: [
    { name: "Ping", in: "", out: "", args: [], handler: () => [] },
    { name: "GetMachineId", in: "", out: "s", args: ["machine_uuid"], handler: ownMachineId },
  ],
});

const introspectable = defineInterface<Node>({
  name: INTROSPECTABLE,
  methods: [
    {
      name: "Introspect",
      in: "",
      out: "s",
      args: ["xml_data"],
      handler: (node) => [
        nodeXml(
          [...STANDARD, ...(node.object?.interfaces ?? [])].map((each) => each.xml),
          node.children(),
        ),
      ],
    },
  ],
});

export const properties = defineInterface<Node>({
  name: PROPERTIES,
  methods: [
    { name: "Get", in: "ss", out: "v", args: ["interface_name", "property_name", "value"], handler: get },
    { name: "GetAll", in: "s", out: "a{sv}", args: ["interface_name", "props"], handler: getAll },
    { name: "Set", in: "ssv", out: "", args: ["interface_name", "property_name", "value"], handler: set },
  ],
  signals: [
    {
      name: "PropertiesChanged",
      signature: "sa{sv}as",
      args: ["interface_name", "changed_properties", "invalidated_properties"],
    },
  ],
});

/** Peer is on any path; the other two where there is something. */
export const STANDARD: readonly Interface<Node>[] = [peer, introspectable, properties];
const STANDARD_NAMES: ReadonlySet<string> = new Set(STANDARD.map(({ name }) => name));
