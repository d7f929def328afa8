/** All that the addon offers, and the one place that loads it. Every function throws KernelError. */

import { KernelError, type Peer } from "./kernel.ts";

export interface NativeFacts {
  readonly identity: {
    readonly pid: number;
    readonly start: string;
    readonly inode: string;
    readonly executable: string;
  };
  readonly parent: number;
  readonly uid: number;
  /** Path in the unified hierarchy, relative to the reader's namespace root; "" if unknown. */
  readonly cgroup: string;
  readonly sameNamespace: boolean;
  readonly terminal: string;
}

export interface Status {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** "major:minor:inode" of the file. */
  readonly device: string;
  /** Numbers of a device node. */
  readonly major: number;
  readonly minor: number;
  readonly mount: number;
  /** Something is mounted at exactly this name. */
  readonly mountRoot: boolean;
}

export interface NativePoll {
  add(fd: number, events: number): void;
  modify(fd: number, events: number): void;
  remove(fd: number): void;
  /** Forgets and closes the descriptor. */
  drop(fd: number): void;
  shut(): void;
}

/** What receive() and send() return instead of a count: nothing now, and nothing ever again. */
export const AGAIN = -1;
export const BROKEN = -2;

/** What enterGroup() returns. */
export const GONE = 0;
export const ENTERED = 1;
export const GONE_MEANWHILE = 2;

/** A device as udev's records or /sys show it. */
export interface RawDevice {
  readonly path: string;
  readonly subsystem: string;
  readonly name: string;
  readonly node: string;
  readonly major: number;
  readonly minor: number;
  readonly block: boolean;
  /** udev has seen to it: before that its records say nothing. */
  readonly initialized: boolean;
  /** ID_SEAT of it or of the nearest above that has one; "" for none. */
  readonly seat: string;
  readonly idForSeat: string;
  /** Those of "seat", "master-of-seat" and "uaccess" that it has now. */
  readonly tags: readonly string[];
}

/** What a message of udev's says; everything else about the device is read from its records. */
export interface UdevMessage extends Pick<RawDevice, "path" | "subsystem" | "tags"> {
  /** "add", "remove", "change" and others. */
  readonly action: string;
}

export interface NativeUdev {
  /** Paths of the devices with that tag, if not "", and of that subsystem, if not "". */
  list(tag: string, subsystem: string): string[];
  device(path: string): RawDevice | null;
  /** Of a character device. */
  numbered(major: number, minor: number): RawDevice | null;
  /** A descriptor that is readable while receive() has something; so many bytes may wait. */
  listen(bytes: number): number;
  /** The next message: null without one, "" where some were lost. */
  receive(): UdevMessage | "" | null;
}

/** A name in a directory, held by a descriptor that opens nothing. */
export interface HeldNode {
  readonly fd: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly major: number;
  readonly minor: number;
}

export interface Addon {
  initialize(error: typeof KernelError): void;
  /** Of an errno, such as "EIO". */
  errorName(errno: number): string;
  readonly Poll: new (ready: (fd: number, events: number) => void) => NativePoll;

  /** Makes an inherited descriptor close-on-exec and non-blocking. */
  adopt(fd: number): void;
  isPacketSocket(fd: number): boolean;
  /** Whether it is a socket that accepts connections. */
  isListening(fd: number): boolean;
  accept(fd: number): { readonly fd: number; readonly peer: Peer } | null;
  /** Who made a connection, as accept() says it. */
  peerOf(fd: number): Peer;
  /** To a stream socket; the descriptor never blocks. */
  connect(path: string): number;
  /** The same to a socket of packets; EAGAIN while too many wait to be accepted. */
  connectPackets(path: string): number;
  /** Listens for packets under that name, which never stands for a socket that does not listen. */
  listenPackets(path: string, mode: number): number;
  /**
   * Fills the buffer: a count, 0 at the end, AGAIN or BROKEN. Received descriptors go into the array, or are closed.
   * If the kernel drops some that is BROKEN, or with mark one LOST_FDS for all of them.
   */
  receive(fd: number, buffer: Uint8Array, fds?: number[], mark?: boolean): number;
  /** Fills the buffer as receive() does with what stays there to be received. */
  peek(fd: number, buffer: Uint8Array): number;
  /**
   * Discards that many bytes of what was received and sends, as one act: what send() returns, or AGAIN, with nothing
   * discarded, if the peer does not take more.
   */
  answer(
    fd: number,
    bytes: Uint8Array,
    offset: number,
    fds: readonly number[] | undefined,
    length: number,
  ): number;
  send(fd: number, bytes: Uint8Array, offset: number, fds: readonly number[] | undefined): number;
  /** Another descriptor of the same description. */
  duplicate(fd: number): number;
  close(fd: number): void;

  identify(pid: number): NativeFacts;
  /** A pidfd of that process, or -1 if it is gone. */
  openProcess(pid: number, start: string, inode: string): number;
  isAlive(pid: number, start: string, inode: string): boolean;
  executable(pid: number, start: string, inode: string): string;
  signalProcess(pid: number, start: string, inode: string, signal: number): void;
  /** False if the process is not in that control group or below it. */
  signalMember(pid: number, cgroup: string, signal: number): boolean;

  isCgroup2(path: string): boolean;
  enterGroup(directory: string, pid: number, start: string, inode: string): number;
  /** Makes the group if there is none; it and those of the files that exist become the user's. */
  giveGroup(path: string, uid: number, gid: number, files: readonly string[]): void;
  /** Tries to remove so many groups, the deepest first: -1 when all are gone, or how many went. */
  removeGroups(path: string, most: number): number;
  /** Processes of the group and those below, whatever their names; none if it is gone. */
  groupMembers(path: string): number[];
  openWatch(): number;
  watch(fd: number, path: string): number;
  unwatch(fd: number, watch: number): void;
  readWatch(fd: number): number[];

  read(path: string, limit: number): string;
  write(path: string, text: string): void;
  replace(path: string, content: string): void;
  checksum(text: string): number;
  /** False if there was none. */
  unlink(path: string): boolean;
  /** False if there was one. */
  makeDirectory(path: string, mode: number): boolean;
  removeDirectory(path: string): "" | "ENOENT" | "EBUSY" | "ENOTEMPTY";
  /** Of the name itself, never of a link's target; null if there is none. Never blocks. */
  status(path: string): Status | null;
  openFile(path: string): number;
  /** The first 256 bytes. */
  readAgain(fd: number): string;
  makeFifo(path: string): number;
  openFifo(path: string): number;
  openFifoWriter(path: string): number;
  /** No process holds the other end. */
  atEnd(fd: number): boolean;

  /** Throws ENOENT where there is no libudev. */
  readonly Udev: new () => NativeUdev;
  /** null if there is no such name; links are not followed. */
  holdNode(path: string): HeldNode | null;
  /** The access list as the kernel keeps it; null if it has only permissions. Links are not followed. */
  readAccess(path: string): Uint8Array | null;
  /** Of a held node. */
  writeAccess(fd: number, list: Uint8Array): void;
  /**
   * Changes the access lists of those nodes to which one of the cases applies, and reads them back. numbers: type, major
   * and minor number of each; cases: list or null, mode of a node without one, list to set or null if it stays. Which
   * nodes are none of these, whatever the reason.
   */
  exchangeAccess(
    paths: readonly string[],
    numbers: Uint32Array,
    cases: readonly (Uint8Array | number | null)[],
  ): number[];
  activateVt(vt: number): void;

  mountTmpfs(path: string, uid: number, gid: number, bytes: number, inodes: number): void;
  /** A hierarchy of cgroup v1 that has no controllers. */
  mountHierarchy(path: string, name: string): void;
  detach(path: string): void;
  giveDirectory(path: string, uid: number, gid: number): void;
  ownsSocket(directory: string, mount: number, name: string, uid: number): boolean;
}

export function loadAddon(path: string): Addon {
  const module = { exports: {} };
  process.dlopen(module, path);
  const addon = module.exports as Addon;
  addon.initialize(KernelError);
  return addon;
}
