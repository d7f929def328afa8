/** Who may open device nodes: access lists that are set and read through a descriptor of the very node. */

import type { Device } from "../core/seat-model.ts";
import {
  type AccessList,
  accessOfMode,
  decodeAccess,
  encodeAccess,
  grantAccess,
  groupEntries,
  userEntries,
} from "./acl.ts";
import type { HeldNode } from "./addon.ts";
import type { Base } from "./base.ts";
import { Exchange, type Grant, KNOWN_MAX, type Known, type Wanted } from "./exchange.ts";
import { isBlockDevice, isCharacterDevice } from "./file-type.ts";
import { KernelError } from "./kernel.ts";
import type { AccessPart } from "./parts.ts";
import type { NodeAccess } from "./seat-kernel.ts";

const PERMISSIONS = 0o777;
/** Entries of a list that says no more than permissions do. */
const MINIMAL = 3;
/** It was unplugged meanwhile. */
const GONE = "ENOENT";
/** What the kernel room calls EOPNOTSUPP. */
const UNABLE = "ENOTSUP";
const NO_LISTS = "device nodes cannot have access lists here: only their owners and groups can open them";

export function createAccess({ addon, lacks }: Base): AccessPart {
  const exchange = new Exchange(addon);

  function decode(bytes: Uint8Array): AccessList {
    const list = decodeAccess(bytes);
    if (list === null) throw new KernelError("getxattr", "EINVAL", "the access list");
    return list;
  }

  function listOf(path: string, { mode }: HeldNode): AccessList {
    const bytes = addon.readAccess(path);
    return bytes === null ? accessOfMode(mode) : decode(bytes);
  }

  /** A list that says no more than permissions do is not kept as one. */
  function reads(path: string, { list, bytes }: Wanted): boolean {
    const found = addon.readAccess(path);
    if (found === null) return list.length === MINIMAL;
    return Buffer.compare(found, bytes) === 0 || Buffer.compare(encodeAccess(decode(found)), bytes) === 0;
  }

  /** null: it is so already. */
  function wantedOf(list: AccessList, { uid, remove }: Grant): Wanted | null {
    const wanted = grantAccess(list, uid, remove);
    return wanted === list ? null : { list: wanted, bytes: encodeAccess(wanted) };
  }

  /** The nodes of a seat have few different lists: what becomes of each is found out once. */
  function change(bytes: Uint8Array | null, mode: number, grant: Grant): Wanted | null {
    for (const known of grant.known) if (isSame(known, bytes, mode)) return known.wanted;
    const wanted = wantedOf(bytes === null ? accessOfMode(mode) : decode(bytes), grant);
    if (grant.known.length < KNOWN_MAX) grant.known.push({ bytes, mode, wanted });
    return wanted;
  }

  /**
   * What went wrong; "" if nothing did. Only the held node is ever written to: if another one takes its name meanwhile,
   * it is a node without a name that gets the list.
   */
  function set(device: Device, node: HeldNode, grant: Grant): string {
    if (!isDevice(node, device)) return "is not the device that it should be";
    const wanted = change(addon.readAccess(device.node), node.mode, grant);
    if (wanted === null) return "";
    addon.writeAccess(node.fd, wanted.bytes);
    return reads(device.node, wanted) ? "" : "has not the access list that was set";
  }

  function attempt(device: Device, grant: Grant): string {
    let fd = -1;
    try {
      const node = addon.holdNode(device.node);
      if (node === null) return "";
      fd = node.fd;
      return set(device, node, grant);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (error.errno === GONE) return "";
      if (error.errno !== UNABLE) return `${error.call}: ${error.errno}`;
      lacks(NO_LISTS);
      return "";
    } finally {
      if (fd >= 0) addon.close(fd);
    }
  }

  return {
    setAccess(devices, uid, remove) {
      const problems: string[] = [];
      const grant = exchange.grantOf(uid, remove);
      let left = exchange.run(devices, grant);
      while (left.length > 0) {
        const [device, ...rest] = left as [Device, ...Device[]];
        const learned = grant.known.length;
        const problem = device.number === null ? "" : attempt(device, grant);
        if (problem !== "") problems.push(`${device.node}: ${problem}`);
        left = grant.known.length > learned ? exchange.run(rest, grant) : rest;
      }
      return problems;
    },
    readAccess(path) {
      const node = addon.holdNode(path);
      if (node === null) return null;
      try {
        if (!isCharacterDevice(node) && !isBlockDevice(node)) return null;
        return shown(node, listOf(path, node));
      } catch (error) {
        if (!(error instanceof KernelError) || error.errno !== UNABLE) throw error;
        return shown(node, accessOfMode(node.mode));
      } finally {
        addon.close(node.fd);
      }
    },
  };
}

function isSame(known: Known, bytes: Uint8Array | null, mode: number): boolean {
  if (bytes === null || known.bytes === null) return bytes === known.bytes && mode === known.mode;
  return Buffer.compare(known.bytes, bytes) === 0;
}

function shown({ uid, gid, mode }: HeldNode, list: AccessList): NodeAccess {
  return {
    uid,
    gid,
    mode: mode & PERMISSIONS,
    users: userEntries(list).map(({ id, permissions }) => ({ uid: id, permissions })),
    groups: groupEntries(list, gid).map(({ id, permissions }) => ({ gid: id, permissions })),
  };
}

function isDevice(node: HeldNode, { number }: Device): boolean {
  if (number === null || !(number.block ? isBlockDevice(node) : isCharacterDevice(node))) return false;
  return node.major === number.major && node.minor === number.minor;
}
