import type { Run } from "./client.ts";
import { latencyRow, type Row, valueRow } from "./rows.ts";
import type { Sandbox } from "./sandbox.ts";
import { median } from "./statistics.ts";

/** How often and how densely logins come in one kind of measurement. */
interface Shape {
  readonly name: string;
  readonly workers: number;
  /** Per worker and round. */
  readonly leaders: number;
  readonly rounds: number;
  readonly pauseUs: number;
}

/** 2 ms: the work after a reply does not fall into the next measurement. 50 ms: see README.md, "quiet". */
const SHAPES: readonly Shape[] = [
  { name: "alone", workers: 1, leaders: 50, rounds: 8, pauseUs: 2000 },
  { name: "8-parallel", workers: 8, leaders: 50, rounds: 6, pauseUs: 0 },
  { name: "quiet", workers: 1, leaders: 20, rounds: 5, pauseUs: 50_000 },
];
const USERS = ["logged-in", "first"] as const;
const SESSIONS_PER_OTHER_USER = 5;
/** Users 0 to 7 are those who are logged in already; the others' follow, then those who log in once. */
const FIXED_USERS = 8;
const ONCE_USERS_FROM = 10_000;

class Bench {
  readonly sandbox: Sandbox;
  #nextUser = ONCE_USERS_FROM;
  #others = 0;

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  async prepare(): Promise<void> {
    await this.sandbox.ask("users", [[0, FIXED_USERS]]);
    await this.sandbox.ask("client", `hold 0 ${FIXED_USERS} 1`);
  }

  async openOthers(total: number): Promise<void> {
    const users = (total - this.#others) / SESSIONS_PER_OTHER_USER;
    if (users === 0) return;
    const first = FIXED_USERS + this.#others;
    await this.sandbox.ask("users", [[first, users]]);
    await this.sandbox.ask("client", `hold ${first} ${users} ${SESSIONS_PER_OTHER_USER}`);
    this.#others = total;
  }

  async round(shape: Shape, users: (typeof USERS)[number]): Promise<Run> {
    const count = shape.workers * shape.leaders;
    const { workers, leaders, pauseUs } = shape;
    if (users === "logged-in") {
      await this.sandbox.ask("users", [[0, FIXED_USERS]]);
      return this.sandbox.ask("client", `run ${workers} ${leaders} ${pauseUs} 0 fixed`);
    }
    const first = this.#nextUser;
    this.#nextUser += count;
    await this.sandbox.ask("users", [[first, count]]);
    return this.sandbox.ask("client", `run ${workers} ${leaders} ${pauseUs} ${first} fresh`);
  }
}

function rowsOf(product: string, name: string, shape: Shape, runs: readonly Run[]): Row[] {
  const rows: Row[] = [
    latencyRow(
      product,
      name,
      "open",
      runs.flatMap((run) => run.openNs),
    ),
    latencyRow(
      product,
      name,
      "close",
      runs.flatMap((run) => run.closeNs),
    ),
  ];
  if (shape.workers > 1) {
    const rates = runs.map((run) => (run.openNs.length / run.wallNs) * 1e9);
    rows.push(valueRow(product, name, "open and close", rates.length, median(rates), "per second"));
  }
  return rows;
}

/** Measures all shapes with so many other sessions open, the products in turn, round by round. */
async function measure(all: readonly Bench[], others: number, quick: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const shape of SHAPES) {
    for (const users of USERS) {
      // It makes nothing for users.
      const benches = users === "first" ? all.filter(({ sandbox }) => sandbox.product !== "floor") : all;
      const name = `${shape.name}, ${users}, ${others} others`;
      const runs = benches.map((): Run[] => []);
      for (const bench of benches) await bench.round({ ...shape, leaders: 5 }, users);
      const rounds = quick ? Math.ceil(shape.rounds / 4) : shape.rounds;
      for (let round = 0; round < rounds; round++) {
        for (const [i, bench] of benches.entries()) runs[i]?.push(await bench.round(shape, users));
      }
      for (const [i, bench] of benches.entries())
        rows.push(...rowsOf(bench.sandbox.product, name, shape, runs[i] ?? []));
      process.stderr.write(`bench: ${name}\n`);
    }
  }
  return rows;
}

export async function measureLatency(
  sandboxes: readonly Sandbox[],
  others: readonly number[],
  quick: boolean,
): Promise<Row[]> {
  const benches = sandboxes.map((sandbox) => new Bench(sandbox));
  const rows: Row[] = [];
  for (const bench of benches) await bench.prepare();
  for (const count of others) {
    for (const bench of benches) await bench.openOthers(count);
    rows.push(...(await measure(benches, count, quick)));
  }
  return rows;
}
