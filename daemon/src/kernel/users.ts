/**
 * The user database, by getent: NSS modules may block for seconds or crash, so they do it in a process of their own.
 */

import type { ChildProcess } from "node:child_process";
import { isUid, parseDecimal } from "../core/names.ts";
import type { Base } from "./base.ts";
import type { Kernel, UserRecord } from "./kernel.ts";

const GETENT = "/usr/bin/getent";
const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 * 1024;
/** Look-ups at once; more wait for their turn. */
const AT_ONCE = 8;

type Answer = (line: string | null) => void;

export function createUsers({ log }: Base): Pick<Kernel, "lookUpUser" | "lookUpGroup"> {
  const waiting: (() => void)[] = [];
  let running = 0;

  const next = () => {
    if (running >= AT_ONCE) return;
    const start = waiting.shift();
    if (start === undefined) return;
    running += 1;
    start();
  };

  const ask = (database: string, key: string, answer: Answer) => {
    waiting.push(() =>
      run(database, key, (line, error) => {
        running -= 1;
        if (error !== null) log.warn("cannot ask the user database", { database, key, error });
        answer(line);
        next();
      }),
    );
    // also for a queue that is empty: the answer never comes before the question returns
    next();
  };

  return {
    lookUpUser(uid, found) {
      ask("passwd", String(uid), (line) => found(line === null ? null : parsePasswd(line, uid)));
    },
    lookUpGroup(name, found) {
      // getent takes a number for an id, and a leading dash for an option
      if (!/^[^\s:\0-][^\s:\0]{0,255}$/.test(name) || /^[0-9]+$/.test(name)) setImmediate(found, null);
      else ask("group", name, (line) => found(line === null ? null : parseGroup(line, name)));
    },
  };
}

function run(database: string, key: string, done: (line: string | null, error: string | null) => void): void {
  // loaded when first used: the daemon's start should not wait for it
  const { execFile } = process.getBuiltinModule("node:child_process");
  const options = {
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    maxBuffer: MOST_BYTES,
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
  } as const;
  const child: ChildProcess = execFile(GETENT, [database, key], options, (error, stdout) => {
    // 2: the key is not in the database
    if (error !== null) done(null, error.code === 2 ? null : error.message);
    else done(stdout.split("\n", 1)[0] ?? "", null);
  });
  child.stdin?.end();
}

function parsePasswd(line: string, uid: number): UserRecord | null {
  const [name, , id, group] = line.split(":");
  const gid = parseDecimal(group ?? "");
  if (name === undefined || name === "" || gid === null || parseDecimal(id ?? "") !== uid || !isUid(uid))
    return null;
  return { uid, gid, name };
}

function parseGroup(line: string, name: string): number | null {
  const [found, , id] = line.split(":");
  return found === name ? parseDecimal(id ?? "") : null;
}
