/** The driver: starts a sandbox for each product, measures, prints; README.md says what and how. */

import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ProductName } from "./agent.ts";
import { measureFootprint, measureStart } from "./footprint-rows.ts";
import { measureLatency } from "./latency.ts";
import { measureLogin1 } from "./login1.ts";
import { printRows, printVerdicts } from "./print.ts";
import type { Row } from "./rows.ts";
import { Sandbox, type SandboxOptions } from "./sandbox.ts";
import { measureServices } from "./services.ts";
import { judge } from "./targets.ts";

const PARTS = ["latency", "memory", "start", "services", "login1"] as const;

const { values } = parseArgs({
  options: {
    tree: { type: "string", default: "." },
    elogind: { type: "string", default: "" },
    json: { type: "string" },
    quick: { type: "boolean", default: false },
    pin: { type: "boolean", default: false },
    fifo: { type: "boolean", default: false },
    only: { type: "string", default: PARTS.join(",") },
    others: { type: "string", default: "0,200,5000" },
  },
});

async function withSandbox<T>(options: SandboxOptions, use: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const sandbox = await Sandbox.start("sessionman", options);
  try {
    return await use(sandbox);
  } finally {
    await sandbox.end();
  }
}

async function withBoth(
  options: SandboxOptions,
  use: (sandboxes: readonly Sandbox[]) => Promise<Row[]>,
  more: readonly ProductName[] = [],
): Promise<Row[]> {
  const sandboxes = [await Sandbox.start("sessionman", options)];
  for (const product of more) sandboxes.push(await Sandbox.start(product, options));
  if (values.elogind !== "") sandboxes.push(await Sandbox.start("elogind", options));
  try {
    return await use(sandboxes);
  } finally {
    for (const sandbox of sandboxes) await sandbox.end();
  }
}

async function main(): Promise<void> {
  const parts = values.only.split(",");
  const others = values.others.split(",").map(Number);
  const options = { tree: values.tree, cache: values.elogind || values.tree, pinned: values.pin };
  const rows: Row[] = [];
  if (parts.includes("latency"))
    rows.push(...(await withBoth(options, (all) => measureLatency(all, others, values.quick), ["floor"])));
  if (parts.includes("memory"))
    rows.push(...(await withSandbox(options, (sandbox) => measureFootprint(sandbox, values.quick))));
  if (parts.includes("start"))
    rows.push(...(await withSandbox(options, (sandbox) => measureStart(sandbox, values.quick))));
  if (parts.includes("services"))
    rows.push(...(await withSandbox(options, (sandbox) => measureServices(sandbox, values.quick))));
  if (parts.includes("login1") && existsSync(`${values.tree}/build/bench/caller`))
    rows.push(...(await withBoth(options, (both) => measureLogin1(both, values.quick))));
  process.stdout.write(`${printRows(rows)}\n${printVerdicts(judge(rows, others))}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
}

main().catch((error) => {
  process.stderr.write(`bench: ${error.stack}\n`);
  process.exit(111);
});
