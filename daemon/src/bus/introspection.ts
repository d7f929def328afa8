/** The introspection document, from the rows. Names in it are checked ones: none needs to be escaped. */

import { splitSignature } from "./signature.ts";
import type { InterfaceRows, Method, Property, Signal } from "./table.ts";

const HEAD =
  '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n' +
  '"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">\n';
const PREFIX = "org.freedesktop.DBus";

function annotation(name: string, value: string): string {
  return `   <annotation name="${PREFIX}.${name}" value="${value}"/>\n`;
}

function element(kind: string, name: string, content: string): string {
  return content === ""
    ? `  <${kind} name="${name}"/>\n`
    : `  <${kind} name="${name}">\n${content}  </${kind}>\n`;
}

function args(signature: string, names: readonly string[], direction: string): string {
  return splitSignature(signature)
    .map((type, index) => `   <arg type="${type}" name="${names[index] ?? ""}"${direction}/>\n`)
    .join("");
}

function methodXml<T>(row: Method<T>): string {
  const ins = splitSignature(row.in).length;
  return element(
    "method",
    row.name,
    args(row.in, row.args, ' direction="in"') +
      args(row.out, row.args.slice(ins), ' direction="out"') +
      (row.deprecated === true ? annotation("Deprecated", "true") : ""),
  );
}

function propertyXml<T>(row: Property<T>): string {
  const head = `  <property name="${row.name}" type="${row.signature}" access="${row.set === undefined ? "read" : "readwrite"}"`;
  // "true" is what holds without it
  if (row.emits === "true") return `${head}/>\n`;
  return `${head}>\n${annotation("Property.EmitsChangedSignal", row.emits)}  </property>\n`;
}

function signalXml(row: Signal): string {
  return element("signal", row.name, args(row.signature, row.args, ""));
}

export function interfaceXml<T>(rows: InterfaceRows<T>): string {
  const { name, methods = [], properties = [], signals = [] } = rows;
  const shown = (row: { readonly hidden?: boolean }) => row.hidden !== true;
  const members = [
    ...methods.filter(shown).map(methodXml),
    ...properties.filter(shown).map(propertyXml),
    ...signals.map(signalXml),
  ];
  return ` <interface name="${name}">\n${members.join("")} </interface>\n`;
}

export function nodeXml(interfaces: readonly string[], children: readonly string[]): string {
  const nodes = children.map((name) => ` <node name="${name}"/>\n`);
  return `${HEAD}<node>\n${interfaces.join("")}${nodes.join("")}</node>\n`;
}
