// The counts of a vitest JSON report in the words of every other suite.

import { readFileSync } from "node:fs";

const [, , path] = process.argv;
const report = JSON.parse(readFileSync(path, "utf8"));
const skipped = report.numPendingTests + report.numTodoTests;
process.stdout.write(
  `${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped\n`,
);
