/** Keeps the policy at what the configuration says: at start, once the groups are known, and at each SIGHUP. */

import { loadConfiguration } from "./config/load.ts";
import { type Facts, machineFacts } from "./config/machine.ts";
import { namedGroups, type Settings, toPolicy } from "./config/settings.ts";
import { formatProblem } from "./config/tree.ts";
import type { Instant, Policy } from "./core/model.ts";
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
 * now keeps the id it had; of two reloads in a row the later one counts, whichever is answered first.
 */
class Groups {
  readonly #options: Followed;
  readonly #apply: (policy: Policy) => void;
  readonly #gids: Map<string, number>;
  #turn = 0;

  constructor(options: Followed, gids: ReadonlyMap<string, number>, apply: (policy: Policy) => void) {
    this.#options = options;
    this.#gids = new Map(gids);
    this.#apply = apply;
  }

  follow(settings: Settings): void {
    const turn = ++this.#turn;
    const named = namedGroups(settings);
    let open = named.size;
    if (open === 0) return this.#apply(toPolicy(settings, this.#gids));
    for (const [name, key] of named) {
      this.#options.kernel.lookUpGroup(name, (gid) => {
        this.#learn(name, key, gid);
        open -= 1;
        if (open === 0 && turn === this.#turn) this.#finish(settings);
      });
    }
  }

  #learn(name: string, key: string, gid: number | null): void {
    if (gid !== null) this.#gids.set(name, gid);
    else this.#options.log.warn(`${key}: the group database does not know it now`);
  }

  #finish(settings: Settings): void {
    this.#options.remember(this.#gids);
    this.#apply(toPolicy(settings, this.#gids));
  }
}
