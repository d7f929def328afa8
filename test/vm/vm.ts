/** Runs the scenarios that are asked for and counts. */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Checks } from "./check.ts";
import { runDisplay } from "./display.ts";
import { runSpeed } from "./speed.ts";
import { runText } from "./text.ts";

const { values } = parseArgs({
  options: {
    image: { type: "string", default: "" },
    // What is laid over the image: the project's files, and none of them.
    project: { type: "string", default: "" },
    nothing: { type: "string", default: "" },
    scratch: { type: "string", default: "" },
    saved: { type: "string", default: "" },
    only: { type: "string", default: "" },
    control: { type: "boolean", default: false },
  },
});

const asked = values.only.split(",");
const wanted = ({ name, named }: { name: string; named?: true }) =>
  values.only === "" ? named !== true : asked.some((part) => name.includes(part));

function keyOf(...files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

async function main(): Promise<void> {
  const checks = new Checks();
  const { image, scratch, project, nothing } = values;
  const stamp = join(image, "stamp");
  const series = (manager: string, files: string) => ({
    places: { image, scratch, project: files },
    manager,
    folder: values.saved,
    key: keyOf(stamp, files),
    wanted,
  });
  const [ours, theirs] = [series("sessionman", project), series("elogind", nothing)];
  if (values.control) await runDisplay(theirs, checks);
  else {
    await runText({ image, scratch, project }, wanted, checks);
    await runDisplay(ours, checks);
    await runDisplay({ ...theirs, wanted: (it) => it.proof === true && wanted(it) }, checks);
    if (wanted({ name: "speed", named: true })) await runSpeed(ours, theirs, checks);
  }
  process.stdout.write(`${checks.passed} passed, ${checks.failed} failed, ${checks.skipped} skipped\n`);
  process.exitCode = checks.failed > 0 ? 1 : 0;
}

rmSync(values.scratch, { recursive: true, force: true });
mkdirSync(values.scratch, { recursive: true });
main().catch((error: Error) => {
  process.stdout.write(`FAIL  ${error.stack}\n0 passed, 1 failed\n`);
  process.exit(1);
});
