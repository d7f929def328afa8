/** sessionctl: the program around the command line. */

import { VERSION } from "../version.ts";
import { lookUpUser, nameOf } from "./accounts.ts";
import { main } from "./cli.ts";

// The reader of our output may stop reading, as head does: then there is nothing left to do.
process.stdout.on("error", () => process.exit(0));

void main(process.argv.slice(2), {
  environment: process.env,
  version: VERSION,
  terminal: process.stdout.isTTY ? { columns: process.stdout.columns } : null,
  lookUp: lookUpUser,
  nameOf,
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
}).then((status) => {
  process.exitCode = status;
});
