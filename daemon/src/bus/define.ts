/** Checks the rows of an interface once, so that nothing need be checked when they are used. */

import { codecOf, encode } from "./codec.ts";
import { interfaceXml } from "./introspection.ts";
import { isInterfaceName, isMemberName } from "./names.ts";
import { splitSignature } from "./signature.ts";
import type { Interface, InterfaceRows, KnownProperty, Property } from "./table.ts";

function byName<R extends { readonly name: string }>(of: string, rows: readonly R[]): ReadonlyMap<string, R> {
  const map = new Map<string, R>();
  for (const row of rows) {
    if (!isMemberName(row.name) || map.has(row.name))
      throw new TypeError(`${of}.${row.name}: a wrong name, or used twice`);
    map.set(row.name, row);
  }
  return map;
}

function checkArguments(name: string, signature: string, args: readonly string[]): void {
  if (splitSignature(signature).length !== args.length)
    throw new TypeError(`${name}: ${args.length} names for "${signature}"`);
  for (const each of args)
    if (!isMemberName(each)) throw new TypeError(`${name}: no name for an argument: "${each}"`);
}

function know<T>(row: Property<T>): KnownProperty<T> {
  const { name, signature } = row;
  return {
    ...row,
    codec: codecOf(signature),
    entry: encode("sg", [name, signature]),
  };
}

/** Throws TypeError for a row that is wrong. */
export function defineInterface<T>(rows: InterfaceRows<T>): Interface<T> {
  const { name, methods = [], properties = [], signals = [] } = rows;
  if (!isInterfaceName(name)) throw new TypeError(`${name} is not the name of an interface`);
  for (const row of methods) checkArguments(`${name}.${row.name}`, row.in + row.out, row.args);
  for (const row of signals) checkArguments(`${name}.${row.name}`, row.signature, row.args);
  return {
    name,
    methods: byName(name, methods),
    properties: byName(name, properties.map(know<T>)),
    signals: byName(name, signals),
    xml: interfaceXml({ name, methods, properties, signals }),
  };
}
