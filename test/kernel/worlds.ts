/** The real kernel and its in-memory twin, with the same means to act on the machine below each. */

import { closeSync, writeFileSync } from "node:fs";
import type { ProcessIdentity } from "../../daemon/src/core/model.ts";
import { type Kernel, KernelError } from "../../daemon/src/kernel/kernel.ts";
import { createMemoryKernel } from "../../daemon/src/kernel/memory.ts";
import { endChildren, makeRig, noCgroup, startSleep, until } from "./rig.ts";
import { FakeKeeper } from "./runner.ts";

/** The sessionman-run of a user. */
export interface Runner {
  readonly orders: readonly (readonly string[])[];
  /** Its manager begins to run: the pid. */
  fork(): Promise<number>;
  say(...words: readonly string[]): void;
  /** The manager has ended, it says so, and ends, too. */
  end(message: string): void;
  /** Without a word. */
  exit(): void;
}

export interface World {
  readonly kernel: Kernel;
  /** The one that was started last. */
  runner(uid: number): Promise<Runner>;
  write(uid: number, log: string): void;
  makeProcess(): Promise<ProcessIdentity>;
  exit(pid: number): void;
  closeFd(fd: number): void;
  restart(): void;
  end(): void;
}

function nativeWorld(): World {
  const keeper = new FakeKeeper();
  const rig = makeRig({ channel: keeper.channel });
  const kill = (pid: number) => process.kill(pid, "SIGKILL");
  return {
    get kernel() {
      return rig.kernel;
    },
    async makeProcess() {
      const { pid } = await startSleep();
      return rig.kernel.process(pid).identity;
    },
    async runner(uid) {
      const known = keeper.runners.length;
      const find = () => keeper.runners.findLast(({ given }) => given.get("uid") === String(uid));
      if (find()?.gone !== false) await until("a sessionman-run", () => keeper.runners.length > known);
      const runner = find();
      if (runner === undefined) throw new Error("another user's was started");
      await runner.begin();
      return runner;
    },
    write: (uid, log) => writeFileSync(`${rig.run}/managers/${uid}.log`, log, { mode: 0o600 }),
    exit: kill,
    closeFd: closeSync,
    restart() {
      keeper.again();
      rig.restart(keeper.channel);
    },
    end() {
      keeper.end();
      for (const { id, uid } of rig.kernel.scopes()) rig.kernel.killScope(id, uid);
      rig.kernel.close();
      endChildren();
    },
  };
}

function memoryWorld(): World {
  let kernel = createMemoryKernel();
  const { system } = kernel;
  return {
    get kernel() {
      return kernel;
    },
    async runner(uid) {
      const manager = system.managers.get(uid);
      if (manager === undefined) throw new Error("it was not started");
      return {
        orders: manager.orders,
        fork: async () => manager.fork(),
        say: (state, pid, message = "") =>
          manager.say({ state: state as "starting" | "ready" | "running", pid: Number(pid), message }),
        end: (message) => manager.end(message),
        exit: () => system.exit(manager.holder.identity.pid),
      };
    },
    write: (uid, log) => void system.logs.set(uid, log),
    makeProcess: async () => system.makeProcess().identity,
    exit: (pid) => system.exit(pid),
    closeFd: (fd) => system.close(fd),
    restart() {
      kernel = createMemoryKernel(system);
    },
    end() {},
  };
}

export const worlds = [
  { name: "native", make: nativeWorld, unable: noCgroup },
  { name: "memory", make: memoryWorld, unable: false },
] as const;

export function errnoOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof KernelError) return error.errno;
    throw error;
  }
  return "";
}
