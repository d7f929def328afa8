import { type Row, valueRow } from "./rows.ts";
import type { Sandbox } from "./sandbox.ts";
import { median } from "./statistics.ts";

/** Node collects garbage and gives memory back only after some seconds without work. */
const SETTLE_MS = 30_000;
const SESSIONS = 5000;
const SESSIONS_PER_USER = 5;
const LOGINS_AT_ONCE = 2000;

/** Memory and start of sessionman; the sandbox must be fresh. */
export async function measureFootprint(sandbox: Sandbox, quick: boolean): Promise<Row[]> {
  const kib = (name: string, value: number) => valueRow("sessionman", name, "PSS", 1, value, "KiB");
  const rows: Row[] = [
    valueRow("node", "the daemon's flags, idle", "PSS", 1, await sandbox.ask("bareMemory", null), "KiB"),
  ];
  const idle = await sandbox.ask("memory", SETTLE_MS);
  rows.push(
    kib("daemon, idle", idle.daemon),
    kib("keeper, idle", idle.keeper),
    kib("server of sessionman-run, idle", idle.server),
  );

  const users = SESSIONS / SESSIONS_PER_USER;
  await sandbox.ask("users", [[0, users]]);
  await sandbox.ask("client", `hold 0 ${users} ${SESSIONS_PER_USER}`);
  const full = await sandbox.ask("memory", SETTLE_MS);
  await sandbox.ask("client", "drop");
  rows.push(
    kib(`daemon, ${SESSIONS} sessions open`, full.daemon),
    kib("daemon, each open session", (full.daemon - idle.daemon) / SESSIONS),
    kib(`keeper, ${SESSIONS} sessions open`, full.keeper),
  );

  const logins = quick ? 10_000 : 100_000;
  for (let done = 0; done < logins; done += LOGINS_AT_ONCE) {
    await sandbox.ask("client", `run 8 ${LOGINS_AT_ONCE / 8} 0 0 fixed`);
  }
  const after = await sandbox.ask("memory", SETTLE_MS);
  rows.push(kib(`daemon, after ${logins} logins`, after.daemon));
  rows.push(kib(`keeper, after ${logins} logins`, after.keeper));
  return rows;
}

export async function measureStart(sandbox: Sandbox, quick: boolean): Promise<Row[]> {
  const starts = await sandbox.ask("starts", quick ? 8 : 30);
  const ms = (product: string, name: string, values: readonly number[]) =>
    valueRow(product, name, "start", values.length, median(values), "ms");
  return [
    ms("node", "the daemon's flags, to its end", starts.bareExit),
    ms("node", "the daemon's flags, to its first statement", starts.bareFirst),
    ms("sessionman", "to the newline on the readiness descriptor", starts.ready),
    ms("sessionman", "to the end of the first login", starts.login),
  ];
}
