/** From what people name devices by to what the daemon knows them by. */

import { readFileSync, realpathSync, statSync } from "node:fs";
import { CommandError, EXIT } from "./failure.ts";
import { printable } from "./text.ts";

function attempt<T>(what: string, of: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const status = code === "ENOENT" ? EXIT.noSuch : EXIT.refused;
    throw new CommandError(`cannot ${what}: ${printable(of)}: ${code}`, status);
  }
}

function real(text: string, what: string): string {
  return attempt(what, text, () => realpathSync(text));
}

/** Path below /sys of a device that is named by such a path or by its node. */
export function devicePath(text: string, what: string): string {
  const path = real(text, what);
  if (path.startsWith("/sys/")) return path;
  const facts = attempt(what, text, () => statSync(path, { bigint: true }));
  if (!facts.isCharacterDevice() && !facts.isBlockDevice())
    throw new CommandError(`cannot ${what}: ${printable(text)} is no device`, EXIT.noSuch);
  const { rdev } = facts;
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return real(`/sys/dev/${facts.isBlockDevice() ? "block" : "char"}/${major}:${minor}`, what);
}

/** Node of a device, whichever way it is named. */
export function nodePath(text: string, what: string): string {
  const path = real(text, what);
  if (!path.startsWith("/sys/")) return path;
  const facts = attempt(what, `${path}/uevent`, () => readFileSync(`${path}/uevent`, "utf8"));
  const name = /^DEVNAME=(.+)$/m.exec(facts)?.[1];
  if (name !== undefined) return `/dev/${name}`;
  throw new CommandError(`cannot ${what}: ${printable(text)} has no node in /dev`, EXIT.noSuch);
}
