import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";

/** A session manager inside the sandbox. */
export interface Product {
  /** Returns when logins are answered. */
  start(): Promise<void>;
  /** The one line of the PAM stack. */
  readonly stack: string;
}

/** Where things lie, as seen from inside the sandbox. */
export interface Places {
  /** client.c, caller.c, manager.c and floor.c, compiled; caller is absent where it cannot be. */
  readonly client: string;
  readonly caller: string;
  readonly manager: string;
  readonly floor: string;
  /** What the build tree holds of sessionman: a copy, so that a build meanwhile does no harm. */
  readonly keeper: string;
  readonly runner: string;
  readonly backends: string;
  readonly bundle: string;
  readonly module: string;
  /** Who may call login1 of sessionman. */
  readonly policy: string;
  /** The unpacked Debian packages. */
  readonly elogind: string;
  /** A Node program that no other process maps, so that its pages are counted in full. */
  readonly node: string;
}

/** What init would give: nothing of the caller's. */
export const CLEAN_ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" };

export const LOG = "/var/log/bench.log";

function commandLine(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8");
}

function openLog(): number {
  return openSync(LOG, "a");
}

export class Sessionman implements Product {
  readonly stack: string;
  readonly #places: Places;
  #keeper: ChildProcess | null = null;

  constructor(places: Places) {
    this.#places = places;
    this.stack = `session required ${places.module} onfail=error`;
  }

  /** Starts the keeper; resolves with the time in ms until the newline on its readiness descriptor. */
  async startTimed(): Promise<number> {
    const { keeper, bundle, node, runner } = this.#places;
    const daemon = `${bundle}/sessionmand.cjs`;
    const options = ["--ready-fd", "3", "--node", node, "--daemon", daemon, "--runner", runner];
    const log = openLog();
    const begin = performance.now();
    this.#keeper = spawn(keeper, options, {
      env: CLEAN_ENVIRONMENT,
      stdio: ["ignore", "ignore", log, "pipe"],
    });
    closeSync(log);
    const ready = this.#keeper.stdio[3];
    if (ready === null || ready === undefined) throw new Error("no readiness descriptor");
    await new Promise<void>((resolve, reject) => {
      ready.once("data", () => resolve());
      ready.once("end", () => reject(new Error("sessionmand ended before it was ready")));
    });
    return performance.now() - begin;
  }

  async start(): Promise<void> {
    await this.startTimed();
  }

  async stop(): Promise<void> {
    const keeper = this.#keeper;
    if (keeper === null) return;
    const gone = new Promise((resolve) => keeper.once("exit", resolve));
    keeper.kill("SIGTERM");
    await gone;
    this.#keeper = null;
  }

  /** Restarts on a bus of its own; resolves when calls are answered there. */
  async joinBus(): Promise<void> {
    await this.stop();
    await startBus(this.#places.policy, CLEAN_ENVIRONMENT);
    await this.start();
    const ask = [
      "--system",
      "--print-reply",
      "--dest=org.freedesktop.login1",
      "/",
      "org.freedesktop.DBus.Peer.Ping",
    ];
    await until(() => spawnSync("dbus-send", ask, { env: CLEAN_ENVIRONMENT }).status === 0, "login1");
  }

  /** The keeper and, if there is one, its guard. */
  get keeperPids(): number[] {
    return [this.#keeperPid, ...this.#childrenThatAre(/^sessionmand-guard\0/)];
  }

  /** What every sessionman-run is a fork of. */
  get serverPid(): number {
    return this.#childrenThatAre(/\0serve\0/)[0] ?? 0;
  }

  get daemonPid(): number {
    return this.#children()[0] ?? 0;
  }

  get #keeperPid(): number {
    return this.#keeper?.pid ?? 0;
  }

  #childrenThatAre(wanted: RegExp): number[] {
    return this.#children().filter((pid) => wanted.test(commandLine(pid)));
  }

  /** The daemon is the eldest. */
  #children(): number[] {
    const keeper = this.#keeperPid;
    const text = readFileSync(`/proc/${keeper}/task/${keeper}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  }

  /** The flags between Node's name and the bundle's. */
  get nodeFlags(): string[] {
    const words = commandLine(this.daemonPid).split("\0");
    return words.slice(
      1,
      words.findIndex((word) => word.endsWith(".cjs")),
    );
  }
}

/** elogind with a bus of its own, configured as Debian does it but for the number of sessions. */
export class Elogind implements Product {
  readonly stack: string;
  readonly #root: string;

  constructor(places: Places) {
    this.#root = places.elogind;
    this.stack = `session required ${places.elogind}/lib/x86_64-linux-gnu/security/pam_elogind.so`;
  }

  async start(): Promise<void> {
    const root = this.#root;
    mkdirSync("/etc/elogind", { recursive: true });
    writeFileSync("/etc/elogind/logind.conf", readFileSync(`${root}/etc/elogind/logind.conf`));
    const libraries = `${root}/lib/x86_64-linux-gnu:${root}/lib/elogind`;
    // Without a system log elogind would write to the kernel's. Ours goes to a file, so does this one.
    const env = { ...CLEAN_ENVIRONMENT, LD_LIBRARY_PATH: libraries, SYSTEMD_LOG_TARGET: "console" };
    await startBus(`${root}/usr/share/dbus-1/system.d/org.freedesktop.login1.conf`, env);
    const log = openLog();
    spawn(`${root}/lib/elogind/elogind`, [], { env, stdio: ["ignore", "ignore", log] });
    closeSync(log);
    const answers = () => spawnSync(`${root}/bin/loginctl`, ["list-sessions"], { env }).status === 0;
    await until(answers, "elogind");
  }
}

/** The system calls that no session manager can do without, in C: see floor.c. */
export class Floor implements Product {
  readonly stack: string;
  readonly #program: string;

  constructor(places: Places) {
    this.#program = places.floor;
    this.stack = `session required ${places.module} onfail=error`;
  }

  async start(): Promise<void> {
    mkdirSync("/run/sessionman", { recursive: true });
    const socket = "/run/sessionman/pam.sock";
    const log = openLog();
    spawn(this.#program, ["/sys/fs/cgroup/user.slice", socket], {
      env: CLEAN_ENVIRONMENT,
      stdio: ["ignore", "ignore", log],
    });
    closeSync(log);
    await until(() => existsSync(socket), "floor");
  }
}

async function startBus(policy: string, env: NodeJS.ProcessEnv): Promise<void> {
  mkdirSync("/run/dbus", { recursive: true });
  writeFileSync("/run/dbus/bench.conf", busConfiguration(policy));
  const log = openLog();
  spawn("dbus-daemon", ["--config-file=/run/dbus/bench.conf", "--nofork"], {
    env,
    stdio: ["ignore", "ignore", log],
  });
  closeSync(log);
  await until(() => existsSync("/run/dbus/system_bus_socket"), "the private bus");
}

function busConfiguration(policy: string): string {
  return `<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_type="signal"/><allow send_type="method_call"/>
<allow send_type="method_return"/><allow send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/></policy>
<include>${policy}</include></busconfig>\n`;
}

export async function until(done: () => boolean, what: string, everyMs = 20): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`${what} does not start`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
