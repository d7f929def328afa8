import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { Client } from "./client.ts";
import { CLEAN_ENVIRONMENT, type Places, type Sessionman, until } from "./products.ts";

/** The sum of these lines of smaps_rollup in KiB. */
function rollup(pid: number, names: readonly string[]): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return names.reduce((sum, name) => {
    const found = new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text);
    if (found?.[1] === undefined) throw new Error(`process ${pid} has no ${name}`);
    return sum + Number(found[1]);
  }, 0);
}

/** Proportional set size in KiB. */
export function pss(pid: number): number {
  return rollup(pid, ["Pss"]);
}

/** What is in no file, as all that a program remembers, in KiB. */
export function anonymous(pid: number): number {
  return rollup(pid, ["Pss_Anon", "SwapPss"]);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** PSS of Node with these flags and nothing to do. */
export async function barePss(node: string, flags: readonly string[]): Promise<number> {
  const bare = spawn(node, [...flags, "-e", "setInterval(() => {}, 1e9)"], {
    env: CLEAN_ENVIRONMENT,
    stdio: "ignore",
  });
  await sleep(1000);
  const size = pss(bare.pid ?? 0);
  const gone = new Promise((resolve) => bare.once("exit", resolve));
  bare.kill();
  await gone;
  return size;
}

/** Times in ms. */
export interface Starts {
  /** Node with the daemon's flags, an empty script, from exec to its end. */
  readonly bareExit: number[];
  /** The same to its first statement. */
  readonly bareFirst: number[];
  /** From exec of the keeper to the newline on its readiness descriptor. */
  readonly ready: number[];
  /** From exec of the keeper to the end of the first login, which waits in the queue. */
  readonly login: number[];
}

function bareStart(node: string, args: readonly string[], until: "data" | "exit"): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const bare = spawn(node, args, { env: CLEAN_ENVIRONMENT, stdio: ["ignore", "pipe", "inherit"] });
    let taken = 0;
    bare.once("error", reject);
    if (until === "data") bare.stdout.once("data", () => (taken = performance.now() - begin));
    bare.once("exit", () => resolve(until === "data" ? taken : performance.now() - begin));
  });
}

async function timedLogin(product: Sessionman, client: Client): Promise<{ ready: number; login: number }> {
  const begin = performance.now();
  const ready = product.startTimed();
  // The keeper makes the socket at once; from then on a login waits for the daemon.
  await until(() => existsSync("/run/sessionman/pam.sock"), "the keeper", 1);
  await client.command("run 1 1 0 0 fixed");
  const login = performance.now() - begin;
  return { ready: await ready, login };
}

/** Alternates the kinds, so that a disturbance hits all of them. The daemon must not be running. */
export async function measureStarts(
  product: Sessionman,
  places: Places,
  flags: readonly string[],
  count: number,
): Promise<Starts> {
  const starts: Starts = { bareExit: [], bareFirst: [], ready: [], login: [] };
  const { node } = places;
  const client = new Client(places.client, "/run/bench/pam.d", CLEAN_ENVIRONMENT);
  for (let i = 0; i <= count; i++) {
    const bareExit = await bareStart(node, [...flags, "-e", "0"], "exit");
    const bareFirst = await bareStart(node, [...flags, "-e", "process.stdout.write('.')"], "data");
    const { ready, login } = await timedLogin(product, client);
    await product.stop();
    if (i === 0) continue; // warms the page cache
    starts.bareExit.push(bareExit);
    starts.bareFirst.push(bareFirst);
    starts.ready.push(ready);
    starts.login.push(login);
  }
  await client.end();
  return starts;
}
