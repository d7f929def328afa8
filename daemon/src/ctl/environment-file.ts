/** KEY=value lines in a file that only its owner can read, complete or not there at all. */

import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { CommandError, EXIT } from "./failure.ts";
import { printable } from "./text.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

export function writeEnvironment(path: string, environment: Readonly<Record<string, string>>): void {
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${printable(value)}\n`);
  const temporary = `${path}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      writeSync(fd, lines.join(""));
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made, or has its final name.
    }
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw new CommandError(
      `cannot write ${printable(path)}: ${syscall ?? "write"}: ${code ?? String(error)}`,
      EXIT.refused,
    );
  }
}
