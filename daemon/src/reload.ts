/** Keeps the policy at what the configuration says: at start, for the groups as they become known, and at each SIGHUP. */

import { loadConfiguration } from "./config/load.ts";
import { type Facts, machineFacts } from "./config/machine.ts";
import { namedGroups, type Settings, toPolicy } from "./config/settings.ts";
import { formatProblem } from "./config/tree.ts";
import type { Policy } from "./core/configuration.ts";
import type { Instant } from "./core/model.ts";
import type { Kernel, Paths } from "./kernel/kernel.ts";
import type { Log } from "./log.ts";
import type { Engine } from "./loop/engine.ts";
import { samePlaces } from "./store/paths.ts";

interface Followed {
  readonly file: string;
  readonly settings: Settings;
  readonly paths: Paths;
  readonly kernel: Pick<Kernel, "lookUpGroup">;
  readonly log: Log;
  readonly submit: Engine["submit"];
  readonly now: () => Instant;
  /** The machine as it is now. */
  readonly facts?: () => Facts;
  /** Ids of groups as an earlier daemon knew them. */
  readonly gids: ReadonlyMap<string, number>;
  readonly remember: (gids: ReadonlyMap<string, number>) => void;
}

/** How long nobody is let in for groups that are not known yet. */
const FIRST_WAIT_MS = 5_000;
const ASK_AGAIN_FIRST_MS = 1_000;
const ASK_AGAIN_LAST_MS = 60_000;

/**
 * Which manager a user gets is decided once, so after a boot the groups that rows are about are asked for first. A
 * database that is away is not waited for.
 */
export function learnGroups(
  { settings, kernel, gids }: Pick<Followed, "settings" | "kernel" | "gids">,
  learned: (gids: ReadonlyMap<string, number>) => void,
): void {
  const unknown = [...namedGroups(settings).keys()].filter((name) => !gids.has(name));
  if (unknown.length === 0) return learned(gids);
  const known = new Map(gids);
  const open = new Set(unknown);
  let waits = true;
  const goOn = () => {
    clearTimeout(timer);
    if (waits) learned(known);
    waits = false;
  };
  const timer = setTimeout(goOn, FIRST_WAIT_MS);
  for (const name of unknown)
    kernel.lookUpGroup(name, (gid) => {
      if (gid !== null) known.set(name, gid);
      open.delete(name);
      if (open.size === 0) goOn();
    });
}

export function followConfiguration(options: Followed): void {
  const { file, settings, paths, log, submit } = options;
  const { runtimeDirectories } = paths;
  const groups = new Groups(options, options.gids, (policy) =>
    submit({ kind: "policy.changed", at: options.now(), policy: { ...policy, runtimeDirectories } }),
  );
  if (namedGroups(settings).size > 0) groups.follow(settings);
  let said = sayAuto(settings, log, "");
  process.on("SIGHUP", () => {
    const next = readAgain(file, log, options.facts ?? machineFacts);
    if (next === null) return;
    said = sayAuto(next, log, said);
    if (!samePlaces(next, paths)) log.warn("other paths are used when the daemon starts without sessions");
    groups.follow(next);
  });
}

/** Says what auto comes to, unless that was said already. */
function sayAuto({ auto }: Settings, log: Log, said: string): string {
  if (auto === null) return said;
  const sentence = `user_services.backend: auto is ${auto.backend}: ${auto.because}`;
  if (sentence !== said) log.info(sentence);
  return sentence;
}

/** The new settings; null for a file that cannot be used, which changes nothing. */
function readAgain(file: string, log: Log, facts: () => Facts): Settings | null {
  const loaded = loadConfiguration(file, facts());
  if (loaded.ok) {
    log.configure(loaded.settings.log);
    log.info(`${file} was read again`);
    return loaded.settings;
  }
  for (const problem of loaded.problems) log.error(formatProblem(problem));
  log.error(`${file} is not used: the configuration stays as it was`);
  return null;
}

/**
 * Looks up the groups that are named, and hands on the policy when all have answered. A group that cannot be found
 * now keeps the id it had, and one that never had an id is asked for again: at boot the database may come later than
 * the daemon. Of two reloads in a row the later one counts, whichever is answered first.
 */
class Groups {
  readonly #options: Followed;
  readonly #apply: (policy: Policy) => void;
  readonly #gids: Map<string, number>;
  #turn = 0;
  #again: NodeJS.Timeout | undefined;

  constructor(options: Followed, gids: ReadonlyMap<string, number>, apply: (policy: Policy) => void) {
    this.#options = options;
    this.#gids = new Map(gids);
    this.#apply = apply;
  }

  follow(settings: Settings): void {
    clearTimeout(this.#again);
    const named = namedGroups(settings);
    this.#turn += 1;
    if (named.size === 0) return this.#apply(toPolicy(settings, this.#gids));
    this.#ask(named, (missing) => {
      for (const name of missing)
        this.#options.log.warn(`${named.get(name)}: the group database does not know it now`);
      this.#finish(settings);
      this.#askAgain(settings, ASK_AGAIN_FIRST_MS);
    });
  }

  #ask(named: ReadonlyMap<string, string>, answered: (missing: readonly string[]) => void): void {
    const turn = this.#turn;
    const missing: string[] = [];
    let open = named.size;
    for (const name of named.keys()) {
      this.#options.kernel.lookUpGroup(name, (gid) => {
        if (gid === null) missing.push(name);
        else this.#gids.set(name, gid);
        open -= 1;
        if (open === 0 && turn === this.#turn) answered(missing);
      });
    }
  }

  #askAgain(settings: Settings, afterMs: number): void {
    const unknown = new Map([...namedGroups(settings)].filter(([name]) => !this.#gids.has(name)));
    if (unknown.size === 0) return;
    this.#again = setTimeout(() => {
      this.#ask(unknown, (missing) => {
        if (missing.length < unknown.size) this.#finish(settings);
        this.#askAgain(settings, Math.min(2 * afterMs, ASK_AGAIN_LAST_MS));
      });
    }, afterMs);
    this.#again.unref();
  }

  #finish(settings: Settings): void {
    this.#options.remember(this.#gids);
    this.#apply(toPolicy(settings, this.#gids));
  }
}
