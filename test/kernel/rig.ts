/** A native kernel with directories of its own, and the tools to act on it from outside. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Addon, loadAddon } from "../../daemon/src/kernel/addon.ts";
import type { DeviceOptions } from "../../daemon/src/kernel/devices.ts";
import type { Paths } from "../../daemon/src/kernel/kernel.ts";
import { createNativeKernel, type NativeKernel } from "../../daemon/src/kernel/native.ts";

const TOP = new URL("../../", import.meta.url).pathname;
export const ADDON = `${TOP}build/native/Release/sessionman.node`;
export const WORK = process.env.SESSIONMAN_TEST_DIR ?? "";
export const CGROUP = process.env.SESSIONMAN_TEST_CGROUP ?? "";

/** Why the tests of this folder cannot run here, or false. */
export const unable = WORK === "" ? "SKIP: not started by test/kernel/run" : false;
export const noCgroup = unable || (CGROUP === "" ? "SKIP: no cgroup v2" : false);

export interface PeerTool {
  listen(path: string, packets: number, backlog: number): number;
  connect(path: string, packets: number, uid: number): number;
  pair(): [number, number];
  send(fd: number, bytes: Buffer, fds: number): number;
  receive(fd: number, size: number): { readonly bytes: Buffer; readonly fds: number[] } | null;
  shutdown(fd: number): void;
}

export function loadPeer(): PeerTool {
  const module = { exports: {} };
  process.dlopen(module, `${TOP}build/test/peer.node`);
  return module.exports as PeerTool;
}

export interface Rig {
  readonly kernel: NativeKernel;
  readonly addon: Addon;
  readonly directory: string;
  readonly run: string;
  readonly user: string;
  /** Warnings that the kernel room gave. */
  readonly warnings: string[];
  /** Lets the daemon end and start again, with another channel if one is given. */
  restart(channel?: number): NativeKernel;
}

let rigs = 0;

export function makeRig(
  options: Partial<Pick<Paths, "cgroupRoot" | "cgroupLayout">> & {
    readonly channel?: number;
    readonly devices?: Partial<DeviceOptions>;
  } = {},
): Rig {
  rigs += 1;
  const directory = `${WORK}/${process.pid}-${rigs}`;
  const run = `${directory}/run`;
  const user = `${directory}/user`;
  const warnings: string[] = [];
  mkdirSync(directory, { mode: 0o755 });
  const start = (channel = options.channel ?? 9999) =>
    createNativeKernel(
      {
        run,
        runtimeDirectories: user,
        cgroupRoot: options.cgroupRoot ?? (CGROUP || null),
        cgroupLayout: options.cgroupLayout ?? "systemd",
        lingering: `${directory}/linger`,
        backendConfiguration: "/etc/sessionman/backend",
      },
      { info() {}, warn: (message) => warnings.push(message), error: (message) => warnings.push(message) },
      { addon: ADDON, channel, devices: { rules: `${directory}/rules.d`, ...options.devices } },
    );
  let kernel = start();
  return {
    addon: loadAddon(ADDON),
    directory,
    run,
    user,
    warnings,
    get kernel() {
      return kernel;
    },
    restart(channel) {
      kernel.close();
      kernel = start(channel);
      return kernel;
    },
  };
}

const children = new Set<ChildProcess>();

export function endChildren(): void {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
}

/** A real process; it has executed the program when this returns. */
export async function startProcess(
  command: string,
  ...given: string[]
): Promise<ChildProcess & { pid: number }> {
  const child = spawn(command, given, { stdio: ["pipe", "pipe", "ignore"] });
  children.add(child);
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  return child as ChildProcess & { pid: number };
}

export async function startSleep(): Promise<{ child: ChildProcess; pid: number }> {
  const child = await startProcess("sleep", "1000");
  return { child, pid: child.pid };
}

export const FOREGROUND = "/sys/class/tty/tty0/active";

/** Others that switch terminals wait, until endChildren(). */
export async function holdForeground(): Promise<void> {
  const lock = await startProcess("flock", FOREGROUND, "sh", "-c", "echo held; exec cat");
  await new Promise((resolve) => lock.stdout?.once("data", resolve));
}

export async function until(what: string, holds: () => boolean, forMs = 5000): Promise<void> {
  const end = Date.now() + forMs;
  for (let tries = 0; !holds(); tries += 1) {
    if (Date.now() > end) throw new Error(`it never came to this: ${what}`);
    if (tries < 50) await new Promise(setImmediate);
    else await sleep(5);
  }
}

/** Time for something that must not happen. */
export const awhile = () => sleep(150);

/** How much of half a second this thread's loop does not sleep, from 0 to 1; a busy machine does not change it. */
export async function busyShare(): Promise<number> {
  const before = performance.eventLoopUtilization();
  await sleep(500);
  return performance.eventLoopUtilization(before).utilization;
}

/** The time, and for how long of it a busy machine had no processor for this thread, both in ms. */
function clock(): { readonly now: number; readonly waited: number } {
  const read = () => Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[1]) / 1e6;
  for (;;) {
    const [waited, now] = [read(), performance.now()];
    if (read() === waited) return { now, waited };
  }
}

/**
 * Calling what is returned gives the longest turn of this thread's loop since, in ms: its work and whatever it slept for
 * in between. A busy machine does not change it.
 */
export function watchTurns(): () => number {
  let longest = 0;
  let last = clock();
  const look = () => {
    const next = clock();
    longest = Math.max(longest, next.now - last.now - (next.waited - last.waited));
    last = next;
    turn = setImmediate(look);
  };
  let turn = setImmediate(look);
  return () => {
    clearImmediate(turn);
    return longest;
  };
}

/** Descriptors of this process. */
export function openFds(): number {
  return readdirSync("/proc/self/fd").length - 1;
}
