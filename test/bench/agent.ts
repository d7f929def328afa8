/**
 * The half of the benchmark that runs inside a sandbox, one for each product. It starts the product and then
 * answers requests, a JSON document per line, from its standard input.
 */

import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Caller } from "./caller.ts";
import { Client, type Run } from "./client.ts";
import { anonymous, barePss, measureStarts, pss, type Starts, sleep } from "./footprint.ts";
import { BackendBench } from "./managers.ts";
import { CLEAN_ENVIRONMENT, Elogind, Floor, LOG, type Places, type Product, Sessionman } from "./products.ts";
import type { ManagerName } from "./services.ts";

export type ProductName = "sessionman" | "elogind" | "floor";

/** What the driver may ask, and the type of the answer. */
export interface Requests {
  /** A command for client.c. */
  readonly client: { readonly ask: string; readonly answer: Run };
  /** A command for caller.c. */
  readonly caller: { readonly ask: string; readonly answer: number[] };
  /** Puts sessionman on a bus of its own, as elogind always is. */
  readonly bus: { readonly ask: null; readonly answer: null };
  /** Puts these users (first number and how many) at the head of /etc/passwd and takes out all others of ours. */
  readonly users: { readonly ask: readonly (readonly [number, number])[]; readonly answer: null };
  /**
   * KiB after they have been idle for so many ms: PSS of the daemon, of the keeper with its guard and of
   * sessionman-run's server, and what of the daemon's is in no file.
   */
  readonly memory: {
    readonly ask: number;
    readonly answer: Readonly<Record<"daemon" | "keeper" | "server" | "anonymous", number>>;
  };
  readonly bareMemory: { readonly ask: null; readonly answer: number };
  /** Puts these users (first number and how many) into /etc/passwd, each with a home and one service in it. */
  readonly homes: { readonly ask: readonly [number, number]; readonly answer: null };
  /** Restarts the daemon with this backend; false where its program is not installed. */
  readonly services: { readonly ask: ManagerName; readonly answer: boolean };
  /** Nanoseconds that the backend takes without sessionman, for each of these users. */
  readonly manager: { readonly ask: readonly [number, number]; readonly answer: number[] };
  /** Stops the daemon and measures so many starts. */
  readonly starts: { readonly ask: number; readonly answer: Starts };
}

const FIRST_UID = 20_000;
const accounts = readFileSync("/etc/passwd", "utf8");

// Short, because both products read the file from its beginning at each login.
function writeUsers(ranges: Requests["users"]["ask"], home = (_number: number) => "/tmp"): null {
  const lines = ranges.flatMap(([first, count]) =>
    Array.from({ length: count }, (_, i) => {
      const number = first + i;
      return `bench${number}:x:${FIRST_UID + number}:${FIRST_UID}::${home(number)}:/bin/sh\n`;
    }),
  );
  writeFileSync("/etc/passwd.new", lines.join("") + accounts);
  renameSync("/etc/passwd.new", "/etc/passwd");
  return null;
}

function sessionmanOnly(product: Product): Sessionman {
  if (product instanceof Sessionman) return product;
  throw new Error("only sessionman is measured so");
}

type Handlers = { [K in keyof Requests]: (ask: Requests[K]["ask"]) => Promise<Requests[K]["answer"]> };

function handlers(product: Product, client: Client, places: Places): Handlers {
  const backends = new BackendBench(places);
  let caller: Caller | null = null;
  return {
    client: (line) => client.command(line),
    caller: (line) => {
      caller ??= new Caller(places.caller, CLEAN_ENVIRONMENT);
      return caller.command(line);
    },
    bus: async () => {
      if (product instanceof Sessionman) await product.joinBus();
      return null;
    },
    users: async (ranges) => writeUsers(ranges),
    memory: async (idleMs) => {
      const { daemonPid, keeperPids, serverPid } = sessionmanOnly(product);
      await sleep(idleMs);
      const keeper = keeperPids.reduce((sum, pid) => sum + pss(pid), 0);
      return { daemon: pss(daemonPid), keeper, server: pss(serverPid), anonymous: anonymous(daemonPid) };
    },
    bareMemory: async () => {
      const flags = sessionmanOnly(product).nodeFlags;
      await sessionmanOnly(product).stop();
      const size = await barePss(places.node, flags);
      await product.start();
      return size;
    },
    homes: async ([first, count]) => {
      for (let number = first; number < first + count; number++) backends.furnish(FIRST_UID + number);
      return writeUsers(
        [
          [0, 8],
          [first, count],
        ],
        (number) => backends.home(FIRST_UID + number),
      );
    },
    services: async (manager) => {
      if (!backends.use(manager)) return false;
      await sessionmanOnly(product).stop();
      await product.start();
      return true;
    },
    manager: async ([first, count]) => backends.itself(FIRST_UID + first, count),
    starts: async (count) => {
      const stopped = sessionmanOnly(product);
      const flags = stopped.nodeFlags;
      await stopped.stop();
      return measureStarts(stopped, places, flags, count);
    },
  };
}

function copyPlaces(tree: string, elogind: string): Places {
  const build = `${tree}/build`;
  const copy = (from: string, to: string) => {
    cpSync(from, to, { recursive: true });
    return to;
  };
  return {
    client: copy(`${build}/bench/client`, "/tmp/client"),
    caller: `${build}/bench/caller`,
    floor: copy(`${build}/bench/floor`, "/tmp/floor"),
    manager: copy(`${build}/bench/manager`, "/tmp/manager"),
    runner: copy(`${build}/c/daemon/run/sessionman-run`, "/tmp/sessionman-run"),
    backends: copy(`${tree}/backends`, "/tmp/backends"),
    keeper: copy(`${build}/c/daemon/keeper/sessionmand`, "/tmp/keeper"),
    bundle: copy(`${build}/bundle`, "/tmp/bundle"),
    module: copy(`${build}/c/pam/pam_sessionman.so`, "/tmp/pam_sessionman.so"),
    node: copy(process.execPath, "/tmp/node"),
    policy: copy(`${tree}/conf/dbus/org.freedesktop.login1.conf`, "/tmp/login1.conf"),
    elogind,
  };
}

function productOf(name: string, places: Places): Product {
  if (name === "elogind") return new Elogind(places);
  return name === "floor" ? new Floor(places) : new Sessionman(places);
}

async function main(name: string, tree: string, elogind: string): Promise<void> {
  const places = copyPlaces(tree, elogind);
  const product = productOf(name, places);
  mkdirSync("/run/bench/pam.d", { recursive: true });
  writeFileSync("/run/bench/pam.d/bench", `${product.stack}\n`);
  writeFileSync("/etc/group", `bench:x:${FIRST_UID}:\n`, { flag: "a" });
  writeUsers([[0, 8]]);
  await product.start();
  const client = new Client(places.client, "/run/bench/pam.d", CLEAN_ENVIRONMENT);
  const handle = handlers(product, client, places);
  process.stdout.write("ready\n");
  for await (const line of createInterface({ input: process.stdin })) {
    const [kind, ask] = JSON.parse(line) as [keyof Handlers, never];
    process.stdout.write(`${JSON.stringify(await handle[kind](ask))}\n`);
  }
  await client.end();
}

const [name = "", tree = "", elogind = ""] = process.argv.slice(2);
main(name, tree, elogind).then(
  () => process.exit(0),
  (error) => {
    const log = readFileSync(LOG, "utf8").split("\n").slice(-20).join("\n");
    process.stderr.write(`bench: ${name}: ${error.stack}\n${log}\n`);
    process.exit(111);
  },
);
