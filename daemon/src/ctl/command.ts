/** Runs a command inside the session that this process leads. */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { printable } from "./text.ts";
import type { Context } from "./verb.ts";

const NOT_FOUND = 127;
const NOT_STARTED = 126;

const forwarded = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** The inherited variables with those of the session; one without a value is not inherited. */
export function mergeEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  session: Readonly<Record<string, string>>,
): Record<string, string> {
  const merged = new Map<string, string>();
  for (const [name, value] of Object.entries({ ...inherited, ...session })) {
    if (value !== undefined && (value !== "" || session[name] !== "")) merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

/** Resolves to the command's exit status, or 128 and its signal as shells do. */
export function runInside(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  context: Context,
): Promise<number> {
  const [file = "", ...parameters] = command;
  return new Promise((resolve) => {
    const env = mergeEnvironment(context.environment, environment);
    const child = spawn(file, parameters, { stdio: "inherit", env });
    const onTerminal = process.stdin.isTTY === true;
    const forward = (signal: NodeJS.Signals): void => {
      // The terminal has sent its own to the command already.
      if (onTerminal && (signal === "SIGINT" || signal === "SIGQUIT")) return;
      child.kill(signal);
    };
    for (const signal of forwarded) process.on(signal, forward);
    const finish = (status: number): void => {
      for (const signal of forwarded) process.off(signal, forward);
      resolve(status);
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      context.warn(`cannot run ${printable(file)}: ${error.code ?? error.message}`);
      finish(error.code === "ENOENT" ? NOT_FOUND : NOT_STARTED);
    });
    child.on("exit", (code, signal) =>
      finish(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
