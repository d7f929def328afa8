/** A udev of the test's own, whose devices are network interfaces: those can come and go in a namespace. */

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Device } from "../../daemon/src/core/seat-model.ts";
import { unable } from "./rig.ts";

/** Process id of the udev that test/kernel/udev started. */
const DAEMON = Number(process.env.SESSIONMAN_TEST_UDEV ?? 0);
export const noUdev = unable || (DAEMON === 0 ? "SKIP: not started by test/kernel/udev" : false);

export const RULES = "/run/udev/rules.d";
export const NET = "/sys/devices/virtual/net";
export const NULL = "/sys/devices/virtual/mem/null";

/** Every interface of a test can be assigned. */
export const SEAT = 'SUBSYSTEM=="net", KERNEL!="lo", TAG+="seat", ENV{ID_FOR_SEAT}="net-$name"';

function udevadm(...words: readonly string[]): void {
  execFileSync("/run/udevadm", words, { stdio: ["ignore", "ignore", "inherit"] });
}

/** udev's rules from now on; devices that are there already are looked at when they are triggered. */
export function setRules(...rules: readonly string[]): void {
  mkdirSync(RULES, { recursive: true });
  for (const name of readdirSync(RULES)) rmSync(`${RULES}/${name}`);
  writeFileSync(`${RULES}/50-test.rules`, `${rules.join("\n")}\n`);
  loadRules();
}

/** What udev has written down of the first interface of each namespace. */
function loopbackRecord(): string {
  const record = "/run/udev/data/n1";
  return existsSync(record) ? readFileSync(record, "utf8") : "";
}

let loads = 0;

/**
 * What is there now of rules. udev drops an order that comes while it accepts the connection, which a busy machine
 * makes likely, and answers as if it had been carried out: it is in force when a device shows it.
 */
export function loadRules(): void {
  loads += 1;
  writeFileSync(`${RULES}/99-loaded.rules`, `KERNEL=="lo", ENV{TEST_RULES}="${loads}."\n`);
  do {
    udevadm("control", "--reload");
    settle();
  } while (!loopbackRecord().includes(`E:TEST_RULES=${loads}.\n`));
}

export function triggerNet(): void {
  udevadm("trigger", "--subsystem-match=net", "--subsystem-match=mem");
  settle();
}

/** udev looks at devices of the machine again, which changes nothing about them. */
export function triggerPaths(...paths: readonly string[]): void {
  for (const path of paths) writeFileSync(`${path}/uevent`, "change");
  settle();
}

function findPair(): { readonly above: string; readonly below: string } | null {
  for (const name of readdirSync("/sys/class/tty")) {
    const below = realpathSync(`/sys/class/tty/${name}`);
    if (!name.startsWith("ttyS") || below.startsWith("/sys/devices/virtual/")) continue;
    for (let above = dirname(below); above !== "/sys/devices"; above = dirname(above))
      if (existsSync(`${above}/uevent`) && existsSync(`${above}/subsystem`)) return { above, below };
  }
  return null;
}

/** A serial port and the device that it is part of; null on a machine without. */
export const pair = noUdev ? null : findPair();

/**
 * Everything that has happened is known to udev: what came before this one's event is in its queue then, and that is
 * empty. Its own "settle" first asks whether it has read all events, which can be lost like any other order.
 */
export function settle(): void {
  udevadm("trigger", "--settle", "/sys/class/net/lo");
  while (existsSync("/run/udev/queue")) udevadm("settle");
}

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: "inherit" });
}

/** Interfaces of tests: the kernel removes a group at once, and one after the other takes seconds. */
const GROUP = "7";

/** By one program, as many as they are. */
export function addBridges(...names: readonly string[]): void {
  const input = names.map((name) => `link add name ${name} group ${GROUP} type bridge\n`).join("");
  execFileSync("ip", ["-batch", "-"], { input, stdio: ["pipe", "inherit", "inherit"] });
}

export function removeBridge(name: string): void {
  ip("link", "del", name);
}

/** Every interface of an earlier test. */
export function removeInterfaces(): void {
  // the kernel takes a group without any for a mistake
  if (readdirSync(NET).some((name) => name !== "lo")) ip("link", "del", "group", GROUP);
  settle();
}

export function stopUdev(stopped: boolean): void {
  process.kill(DAEMON, stopped ? "SIGSTOP" : "SIGCONT");
}

/** What the kernel room told of devices, in its order. */
export class News {
  readonly found: (readonly Device[])[] = [];
  readonly changed: Device[] = [];
  readonly removed: string[] = [];
  /** Paths in the order in which they were told: "+" there, "-" gone. */
  readonly story: string[] = [];
  readonly known = new Map<string, Device>();

  readonly listener = {
    found: (devices: readonly Device[]) => {
      this.found.push(devices);
      this.known.clear();
      for (const device of devices) this.known.set(device.path, device);
    },
    changed: (changed: readonly Device[], removed: readonly string[]) => {
      this.removed.push(...removed);
      this.changed.push(...changed);
      for (const path of removed) this.#tell("-", path);
      for (const device of changed) this.#tell("+", device.path);
      for (const path of removed) this.known.delete(path);
      for (const device of changed) this.known.set(device.path, device);
    },
  };

  #tell(what: "+" | "-", path: string): void {
    this.story.push(`${what}${path.slice(path.lastIndexOf("/") + 1)}`);
  }

  device(name: string): Device | undefined {
    return this.known.get(`${NET}/${name}`);
  }
}
