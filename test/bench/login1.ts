import { latencyRow, type Row, valueRow } from "./rows.ts";
import type { Sandbox } from "./sandbox.ts";

export const METHODS = ["GetSession", "GetAll", "ListSessions"] as const;
/** How many sessions are open, five for each user. */
export const SESSIONS = [10, 1000] as const;
const SESSIONS_PER_USER = 5;
const ROUNDS = 10;
const CALLS = 500;
const WARM_UP = 5000;
const SETTLE_MS = 30_000;
/** How often memory is looked at while many calls are made, and after which rest. */
const LOOKS = 5;
const REST_MS = 5_000;

async function open(sandbox: Sandbox, first: number, total: number): Promise<void> {
  const users = (total - first) / SESSIONS_PER_USER;
  await sandbox.ask("users", [[first, users]]);
  await sandbox.ask("client", `hold ${first} ${users} ${SESSIONS_PER_USER}`);
  const [listed] = await sandbox.ask("caller", "sessions");
  if (listed !== total) throw new Error(`${sandbox.product} lists ${listed} sessions instead of ${total}`);
}

/** The products in turn, round by round. */
async function measure(sandboxes: readonly Sandbox[], sessions: number, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const method of METHODS) {
    const samples = sandboxes.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, sandbox] of sandboxes.entries())
        samples[i]?.push(...(await sandbox.ask("caller", `call ${method} ${CALLS}`)));
    }
    for (const [i, { product }] of sandboxes.entries())
      rows.push(latencyRow(product, `login1, ${sessions} sessions`, method, samples[i] ?? []));
    process.stderr.write(`bench: login1, ${method}, ${sessions} sessions\n`);
  }
  return rows;
}

/** The least of several looks: garbage that waits for its collection is no growth. */
async function least(sandbox: Sandbox, calls: number): Promise<number> {
  const sizes: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    await sandbox.ask("caller", `flood ${calls / LOOKS}`);
    sizes.push((await sandbox.ask("memory", REST_MS)).anonymous);
  }
  return Math.min(...sizes);
}

async function memory(sandbox: Sandbox, calls: number): Promise<Row[]> {
  const row = (when: string, op: string, n: number, size: number) =>
    valueRow(sandbox.product, `login1, daemon, ${when}`, op, n, size, "KiB");
  const pss = async () => (await sandbox.ask("memory", SETTLE_MS)).daemon;
  return [
    row("before calls", "PSS", 1, await pss()),
    row(`during ${calls} calls`, "anonymous", LOOKS, await least(sandbox, calls)),
    row(`during ${calls} more`, "anonymous", LOOKS, await least(sandbox, calls)),
    row(`after ${2 * calls} calls`, "PSS", 1, await pss()),
  ];
}

/** Calls over the bus, and what they leave behind in the first sandbox; the sandboxes must be fresh. */
export async function measureLogin1(sandboxes: readonly Sandbox[], quick: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const sandbox of sandboxes) await sandbox.ask("bus", null);
  let opened = 0;
  for (const sessions of SESSIONS) {
    for (const sandbox of sandboxes) await open(sandbox, opened, sessions);
    for (const sandbox of sandboxes) await sandbox.ask("caller", `flood ${opened === 0 ? WARM_UP : CALLS}`);
    rows.push(...(await measure(sandboxes, sessions, quick ? ROUNDS / 5 : ROUNDS)));
    if (opened === 0 && sandboxes[0] !== undefined)
      rows.push(...(await memory(sandboxes[0], quick ? 20_000 : 100_000)));
    opened = sessions;
  }
  return rows;
}
