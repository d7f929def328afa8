import { latencyRow, type Row, valueRow } from "./rows.ts";
import type { Sandbox } from "./sandbox.ts";

/** Service managers measured, each if its program is installed. */
export const MANAGERS = { runit: "runsvdir", dinit: "dinit" } as const;
export type ManagerName = keyof typeof MANAGERS;

const USERS = 50;
/** Users of one round log in once each. */
const FIRST = 50_000;
/** Long enough for a manager to be gone before the next login is measured. */
const PAUSE_US = 200_000;

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
    const logins: number[] = [];
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      itself.push(...(await sandbox.ask("manager", [first, USERS])));
      first += USERS;
      await sandbox.ask("homes", [first, USERS]);
      const { openNs } = await sandbox.ask("client", `run 1 ${USERS} ${PAUSE_US} ${first} fresh`);
      logins.push(...openNs);
      first += USERS;
      await sandbox.ask("homes", [first, 2]);
      await sandbox.ask("client", `hold ${first} 2 1`);
      seconds.push(...(await sandbox.ask("client", `run 1 ${USERS} 2000 ${first} fixed`)).openNs);
      await sandbox.ask("client", "drop");
      first += USERS;
    }
    rows.push(latencyRow(manager, "by itself", "from exec to ready", itself));
    rows.push(latencyRow("sessionman", `first login, ${manager}`, "open", logins));
    rows.push(latencyRow("sessionman", `second login, ${manager}`, "open", seconds));
    rows.push(...(await parallel(sandbox, manager, first)));
    first += 2 * USERS;
    process.stderr.write(`bench: ${manager}\n`);
  }
  return rows;
}

/** Eight at a time; and the same with services that take half a second, which must not add up. */
async function parallel(sandbox: Sandbox, manager: ManagerName, first: number): Promise<Row[]> {
  await sandbox.ask("homes", [first, USERS]);
  const run = await sandbox.ask("client", `run 8 6 0 ${first} fresh`);
  const rate = (run.openNs.length / run.wallNs) * 1e9;
  return [
    latencyRow("sessionman", `first login, ${manager}, 8-parallel`, "open", run.openNs),
    valueRow("sessionman", `first login, ${manager}, 8-parallel`, "open and close", 1, rate, "per second"),
  ];
}
