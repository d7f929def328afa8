import { latencyRow, type Row, valueRow } from "./rows.ts";
import type { Sandbox } from "./sandbox.ts";

/** Service managers measured, each if its program is installed. */
export const MANAGERS = { runit: "runsvdir", dinit: "dinit" } as const;
export type ManagerName = keyof typeof MANAGERS;

const USERS = 50;
/** Users of one round log in once each. */
const FIRST = 50_000;
/** As in latency.ts: see README.md, "quiet". */
const SHAPES = [
  { name: "alone", pauseUs: 2000 },
  { name: "quiet", pauseUs: 200_000 },
] as const;

/** First logins with a service manager, beside the same manager without us; the sandbox must be fresh. */
export async function measureServices(sandbox: Sandbox, quick: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  let first = FIRST;
  const rounds = quick ? 1 : 3;
  for (const manager of Object.keys(MANAGERS) as ManagerName[]) {
    if (!(await sandbox.ask("services", manager))) {
      process.stderr.write(`bench: SKIP ${manager}: there is no ${MANAGERS[manager]}\n`);
      continue;
    }
    const itself: number[] = [];
    const logins = SHAPES.map((): number[] => []);
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      itself.push(...(await sandbox.ask("manager", [first, USERS])));
      first += USERS;
      for (const [i, { pauseUs }] of SHAPES.entries()) {
        await sandbox.ask("homes", [first, USERS]);
        const { openNs } = await sandbox.ask("client", `run 1 ${USERS} ${pauseUs} ${first} fresh`);
        logins[i]?.push(...openNs);
        first += USERS;
      }
      await sandbox.ask("homes", [first, 2]);
      await sandbox.ask("client", `hold ${first} 2 1`);
      seconds.push(...(await sandbox.ask("client", `run 1 ${USERS} 2000 ${first} fixed`)).openNs);
      await sandbox.ask("client", "drop");
      first += USERS;
    }
    rows.push(latencyRow(manager, "by itself", "from exec to ready", itself));
    for (const [i, { name }] of SHAPES.entries())
      rows.push(latencyRow("sessionman", `${name}, first login, ${manager}`, "open", logins[i] ?? []));
    rows.push(latencyRow("sessionman", `alone, second login, ${manager}`, "open", seconds));
    rows.push(...(await parallel(sandbox, manager, first)));
    first += 2 * USERS;
    process.stderr.write(`bench: ${manager}\n`);
  }
  return rows;
}

/** Eight at a time: nobody waits for another user's manager. */
async function parallel(sandbox: Sandbox, manager: ManagerName, first: number): Promise<Row[]> {
  await sandbox.ask("homes", [first, USERS]);
  const run = await sandbox.ask("client", `run 8 6 0 ${first} fresh`);
  const rate = (run.openNs.length / run.wallNs) * 1e9;
  return [
    latencyRow("sessionman", `8-parallel, first login, ${manager}`, "open", run.openNs),
    valueRow("sessionman", `8-parallel, first login, ${manager}`, "open and close", 1, rate, "per second"),
  ];
}
