/**
 * The user database, by getent and id: NSS modules may block for seconds or crash, so they do it in a process of their own.
 */

import type { ChildProcess } from "node:child_process";
import type { Account } from "../core/events.ts";
import type { Uid } from "../core/model.ts";
import { isGroupList, isUid, isUserName, parseDecimal } from "../core/names.ts";
import type { Base } from "./base.ts";
import type { Kernel } from "./kernel.ts";

const GETENT = "/usr/bin/getent";
/** The one of coreutils and that of BusyBox understand the same. */
const ID = "/usr/bin/id";
const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 * 1024;
/** Look-ups at once; more wait for their turn. */
const AT_ONCE = 8;

type Answer = (line: string | null) => void;

export function createUsers({ log }: Base): Pick<Kernel, "lookUpUser" | "lookUpGroup"> {
  const waiting: (() => void)[] = [];
  const underWay = new Map<Uid, ((user: Account | null) => void)[]>();
  let running = 0;

  const next = () => {
    if (running >= AT_ONCE) return;
    const start = waiting.shift();
    if (start === undefined) return;
    running += 1;
    start();
  };

  const ask = (program: string, given: readonly string[], answer: Answer) => {
    waiting.push(() =>
      run(program, given, (line, error) => {
        running -= 1;
        if (error !== null) log.warn("cannot ask the user database", { asked: given.join(" "), error });
        answer(line);
        next();
      }),
    );
    // also for a queue that is empty: the answer never comes before the question returns
    next();
  };

  const lookUp = (uid: Uid, found: (user: Account | null) => void) =>
    ask(GETENT, ["passwd", String(uid)], (line) => {
      const person = line === null ? null : parsePasswd(line, uid);
      if (person === null) return found(null);
      ask(ID, ["-G", "--", person.name], (list) => {
        const groups = list === null ? null : parseGroups(list);
        found(groups === null ? null : { ...person, groups });
      });
    });

  return {
    /** Whoever asks for the same user meanwhile gets the same answer. */
    lookUpUser(uid, found) {
      const others = underWay.get(uid);
      if (others !== undefined) return void others.push(found);
      const asking = [found];
      underWay.set(uid, asking);
      lookUp(uid, (user) => {
        underWay.delete(uid);
        for (const each of asking) each(user);
      });
    },
    lookUpGroup(name, found) {
      // getent takes a number for an id, and a leading dash for an option
      if (!/^[^\s:\0-][^\s:\0]{0,255}$/.test(name) || /^[0-9]+$/.test(name)) setImmediate(found, null);
      else ask(GETENT, ["group", name], (line) => found(line === null ? null : parseGroup(line, name)));
    },
  };
}

function run(
  program: string,
  given: readonly string[],
  done: (line: string | null, error: string | null) => void,
): void {
  // loaded when first used: the daemon's start should not wait for it
  const { execFile } = process.getBuiltinModule("node:child_process");
  const options = {
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    maxBuffer: MOST_BYTES,
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
  } as const;
  const child: ChildProcess = execFile(program, given, options, (error, stdout) => {
    // 2 of getent: the key is not in the database
    if (error !== null) done(null, program === GETENT && error.code === 2 ? null : error.message);
    else done(stdout.split("\n", 1)[0] ?? "", null);
  });
  child.stdin?.end();
}

function parsePasswd(line: string, uid: number): Omit<Account, "groups"> | null {
  const [name = "", , id, group] = line.split(":");
  const gid = parseDecimal(group ?? "");
  if (!isUserName(name) || gid === null || parseDecimal(id ?? "") !== uid || !isUid(uid)) return null;
  return { uid, gid, name };
}

function parseGroups(line: string): readonly number[] | null {
  const groups = line.trim().split(/\s+/).map(Number);
  return isGroupList(groups) ? [...new Set(groups)] : null;
}

function parseGroup(line: string, name: string): number | null {
  const [found, , id] = line.split(":");
  return found === name ? parseDecimal(id ?? "") : null;
}
