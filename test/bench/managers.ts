import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { CLEAN_ENVIRONMENT, type Places } from "./products.ts";
import { MANAGERS, type ManagerName } from "./services.ts";

const SEARCHED = ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"];
const CONFIGURATION = "/etc/sessionman/sessionman.yaml.d/20-bench.yaml";

/** Backends inside the sandbox: users with a service each, and the managers without us. */
export class BackendBench {
  readonly #places: Places;
  #manager: ManagerName = "runit";

  constructor(places: Places) {
    this.#places = places;
  }

  home(uid: number): string {
    return `/home/bench/${uid}`;
  }

  /** The configuration for the next daemon; false where the manager is not installed. */
  use(manager: ManagerName): boolean {
    if (!SEARCHED.some((folder) => existsSync(`${folder}/${MANAGERS[manager]}`))) return false;
    this.#manager = manager;
    cpSync(this.#places.backends, `${this.#places.bundle}/backends`, { recursive: true, dereference: true });
    writeFileSync(CONFIGURATION, `user_services: {backend: ${manager}}\n`);
    return true;
  }

  furnish(uid: number): void {
    const home = this.home(uid);
    const service =
      this.#manager === "runit" ? `${home}/.config/service/one` : `${home}/.config/dinit.d/boot.d`;
    mkdirSync(service, { recursive: true });
    if (this.#manager === "runit") {
      writeFileSync(`${service}/run`, "#!/bin/sh\nexec sleep 1000\n");
      chmodSync(`${service}/run`, 0o755);
    } else {
      const text = "type = process\ncommand = /bin/sleep 1000\nbefore = login.target\n";
      writeFileSync(`${home}/.config/dinit.d/one`, text);
      writeFileSync(`${service}/one`, text);
    }
    for (let path = service; path.length >= home.length; path = path.slice(0, path.lastIndexOf("/")))
      chownSync(path, uid, uid);
  }

  itself(first: number, count: number): number[] {
    mkdirSync("/run/bench/user", { recursive: true });
    for (let uid = first; uid < first + count; uid++) this.furnish(uid);
    const backend = `${this.#places.backends}/${this.#manager}`;
    const words = [
      backend,
      "/etc/sessionman/backend",
      String(first),
      "/home/bench/",
      "/run/bench/user/",
      String(count),
    ];
    const { stdout, stderr, status } = spawnSync(this.#places.manager, words, {
      env: CLEAN_ENVIRONMENT,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
    return stdout
      .trim()
      .split("\n")
      .map((line) => Number(line.split(" ")[1]));
  }
}
