/** The benchmark's command line, before anything is measured. */

import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

const RUN = new URL("run", import.meta.url).pathname;

const bench = (...words: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(RUN, words, { encoding: "utf8" });
  return { status, stdout, stderr };
};

it("is shown with --help", () => {
  const { status, stdout, stderr } = bench("--quick", "--help");
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^usage: run \[--json FILE\]/);
  for (const option of ["json", "quick", "pin", "fifo", "only", "others"])
    expect(stdout).toContain(`\n  --${option} `);
});

it.each([
  [["--nope"], "unknown option --nope"],
  [["--json", "--quick", "latency"], "unknown option latency"],
  [["--others"], "--others needs a value"],
])("is refused in one line when it is %j", (words, why) => {
  expect(bench(...words)).toEqual({
    status: 2,
    stdout: "",
    stderr: `bench: ${why}; see test/bench/run --help\n`,
  });
});
