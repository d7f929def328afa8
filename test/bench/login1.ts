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

async function memory(sandbox: Sandbox, calls: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of ["before calls", `after ${calls} calls`, `after ${calls} more`]) {
    if (rows.length > 0) await sandbox.ask("caller", `flood ${calls}`);
    const { daemon } = await sandbox.ask("memory", SETTLE_MS);
    rows.push(valueRow(sandbox.product, `login1, daemon, ${name}`, "PSS", 1, daemon, "KiB"));
  }
  return rows;
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
