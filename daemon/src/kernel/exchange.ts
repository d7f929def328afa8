/** Access lists of many nodes in one go, where it is known already what becomes of such lists. */

import { constants } from "node:fs";
import type { Uid } from "../core/model.ts";
import type { Device } from "../core/seat-model.ts";
import type { AccessList } from "./acl.ts";
import type { Addon } from "./addon.ts";

/** A list that is to be there, and its bytes. */
export interface Wanted {
  readonly list: AccessList;
  readonly bytes: Uint8Array;
}

/** What becomes of a list, or of permissions without one. */
export interface Known {
  readonly bytes: Uint8Array | null;
  readonly mode: number;
  readonly wanted: Wanted | null;
}

/** What many nodes are to have. */
export interface Grant {
  readonly uid: Uid | null;
  readonly remove: readonly Uid[];
  readonly known: Known[];
}

/** The nodes of a seat have few different lists. */
export const KNOWN_MAX = 8;
/** Few users switch back and forth. */
const GRANTS_MAX = 16;
const { S_IFBLK, S_IFCHR } = constants;
const NONE: readonly Device[] = [];

/** The nodes in the form in which all of them are handed over at once. */
interface Nodes {
  readonly paths: readonly string[];
  readonly numbers: Uint32Array;
}

export class Exchange {
  readonly #addon: Pick<Addon, "exchangeAccess">;
  readonly #grants = new Map<string, Grant>();

  constructor(addon: Pick<Addon, "exchangeAccess">) {
    this.#addon = addon;
  }

  /** With what was found out when the same was asked for before. */
  grantOf(uid: Uid | null, remove: readonly Uid[]): Grant {
    const name = `${uid} ${remove}`;
    const known = this.#grants.get(name);
    if (known !== undefined) return known;
    if (this.#grants.size >= GRANTS_MAX) this.#grants.clear();
    const grant: Grant = { uid, remove, known: [] };
    this.#grants.set(name, grant);
    return grant;
  }

  /** Those that are left need a closer look. */
  run(devices: readonly Device[], { known }: Grant): readonly Device[] {
    if (known.length === 0 || devices.length === 0) return devices;
    const { paths, numbers } = nodesOf(devices);
    const cases = known.flatMap(({ bytes, mode, wanted }) => [bytes, mode, wanted?.bytes ?? null]);
    const others = this.#addon.exchangeAccess(paths, numbers, cases);
    return others.length === 0 ? NONE : others.flatMap((i) => devices[i] ?? []);
  }
}

/** Those of a seat are the same each time. */
const handed = new WeakMap<readonly Device[], Nodes>();

function nodesOf(devices: readonly Device[]): Nodes {
  const told = handed.get(devices);
  if (told !== undefined) return told;
  const numbers = devices.flatMap(({ number }) =>
    number === null ? [0, 0, 0] : [number.block ? S_IFBLK : S_IFCHR, number.major, number.minor],
  );
  const nodes = { paths: devices.map(({ node }) => node), numbers: Uint32Array.from(numbers) };
  handed.set(devices, nodes);
  return nodes;
}
