/** The daemon's composition root: builds every room and connects them. */

// The signal would start the debugger of a root process; this must come before anything can be slow.
process.on("SIGUSR1", () => {});

import { announce } from "./announce.ts";
import { readArguments } from "./arguments.ts";
import { checkConfiguration, loadConfiguration } from "./config/load.ts";
import { machineFacts } from "./config/machine.ts";
import { defaultSettings, type Settings, toPolicy } from "./config/settings.ts";
import { formatProblem } from "./config/tree.ts";
import { controlOnDemand } from "./control/on-demand.ts";
import type { Instant, World } from "./core/model.ts";
import { emptyWorld } from "./core/step.ts";
import type { Kernel, Paths } from "./kernel/kernel.ts";
import { createNativeKernel } from "./kernel/native.ts";
import { createLog, type Log } from "./log.ts";
import { login1OnDemand } from "./login1/on-demand.ts";
import { createClock } from "./loop/clock.ts";
import { createEngine, type Engine } from "./loop/engine.ts";
import type { ClockPort, LogPort } from "./loop/ports.ts";
import { PamServer } from "./pam-socket/server.ts";
import { followConfiguration, learnGroups } from "./reload.ts";
import { createRest } from "./rest.ts";
import { SeatdServer } from "./seatd/server.ts";
import { createStore } from "./store/files.ts";
import { readGroups, renderGroups } from "./store/groups.ts";
import { bootId, settlePaths, writePaths } from "./store/paths.ts";
import { recover } from "./store/recover.ts";
import { createStateFiles } from "./store/sd-login-files.ts";
import { VERSION } from "./version.ts";

/** Descriptors the keeper hands over; daemon/keeper/channel.h names them. */
const PAM_LISTEN_FD = 4;
const CONTROL_LISTEN_FD = 5;
const SEATD_LISTEN_FD = 7;
const LOGIN_LISTEN_FD = 8;

const EXIT_BUG = 70;
const EXIT_MISUSE = 100;

function instant(): Instant {
  return { realtime: Date.now() * 1000, monotonic: Number(process.hrtime.bigint() / 1000n) };
}

/**
 * The configuration in force. A file that cannot be used leaves the built-in defaults, because logins must go on. A
 * backend may lie where nothing is mounted yet: the rest of the file holds without it.
 */
function firstSettings(file: string): { settings: Settings; errors: readonly string[] } {
  const facts = machineFacts();
  const loaded = loadConfiguration(file, facts, "passed over");
  if (loaded.ok) {
    const errors = loaded.passedOver.map((problem) => `${formatProblem(problem)}; none is in force instead`);
    return { settings: loaded.settings, errors };
  }
  const unused = `${file} is not used: the built-in defaults are in force`;
  return { settings: defaultSettings(facts), errors: [...loaded.problems.map(formatProblem), unused] };
}

function firstLog(settings: Settings, errors: readonly string[]): Log {
  const log = createLog(settings.log);
  process.on("uncaughtException", (error) => {
    log.error("bug: the keeper starts a new daemon", { stack: stackOf(error) });
    log.flush();
    process.exit(EXIT_BUG);
  });
  for (const error of errors) log.error(error);
  return log;
}

function start(file: string, run: string): void {
  const started = instant();
  const { settings, errors } = firstSettings(file);
  const log = firstLog(settings, errors);
  const boot = bootId();
  const { runtimeDirectories, cgroupRoot, cgroupLayout, lingering, backendConfiguration } = settings;
  const wanted = { run, runtimeDirectories, cgroupRoot, cgroupLayout, lingering, backendConfiguration };
  const paths = settlePaths(wanted, boot, log);
  const kernel = createNativeKernel(paths, log);
  const composed = { file, run, started, settings, log, boot, paths, kernel };
  learnGroups({ settings, kernel, gids: readGroups(run) }, (gids) => serve({ ...composed, gids }));
}

interface Composed {
  readonly file: string;
  readonly run: string;
  readonly started: Instant;
  readonly settings: Settings;
  readonly log: Log;
  readonly boot: string;
  readonly paths: Paths;
  readonly kernel: Kernel;
  readonly gids: ReadonlyMap<string, number>;
}

/** What every room that people and programs talk to needs. */
interface RoomOptions {
  readonly kernel: Kernel;
  readonly submit: Engine["submit"];
  readonly world: () => World;
  readonly now: () => Instant;
  readonly log: Log;
  readonly boot: string;
}

function createRooms({ systemBus, seatd }: Settings, options: RoomOptions) {
  const reload = () => void process.emit("SIGHUP");
  return {
    pam: new PamServer(options),
    control: controlOnDemand({ ...options, version: VERSION }),
    login1: login1OnDemand({ ...options, socket: systemBus, reload, version: VERSION }),
    seatd: new SeatdServer({ ...options, ...seatd }),
  };
}

function serve({ file, run, started, settings, log, boot, paths, kernel, gids }: Composed): void {
  const { lingering } = settings;
  const store = createStore({ run, lingering, boot, kernel, log });
  const submit: Engine["submit"] = (event) => engine.submit(event);
  const { pam, control, login1, seatd } = createRooms(settings, {
    kernel,
    submit,
    world: () => engine.world(),
    now: instant,
    log,
    boot,
  });
  const stateFiles = createStateFiles({
    directory: settings.stateFiles,
    fifos: `${run}/inhibitors`,
    writeFile: kernel.writeFile,
    log,
  });
  const rest = createRest(globalThis.gc);
  const publish = (before: World, after: World) => {
    setImmediate(announce, before, after, log, started);
    rest.worked();
    control.published(before, after);
    login1.published(before, after);
  };
  const engine = createEngine({
    world: emptyWorld({ ...toPolicy(settings, gids), runtimeDirectories: paths.runtimeDirectories }),
    ports: {
      store,
      system: kernel,
      clock: systemClock(),
      log,
      replies: { pam: pam.replies, control: control.replies, login1: login1.port, seatd: seatd.port },
      login1: login1.port,
      seatd: seatd.port,
      writeState: (before, after) => stateFiles.published(before, after),
      writeSeatState: (world, seat) => stateFiles.foreground(world, seat),
      publish,
      publishSwitch: (before, after) => login1.switched(before, after),
    },
    onBug: (error, event) => log.error(`bug: ${event.kind} was dropped`, { stack: stackOf(error) }),
  });

  attempt(log, "record where things are", () => writePaths(paths, boot, kernel.writeFile));
  seatd.serve(SEATD_LISTEN_FD);
  engine.submit({ kind: "daemon.started", at: instant(), found: recover(store, kernel) });
  seatd.resume();
  kernel.onVtLeft((vt, shown) => submit({ kind: "vt.left", at: instant(), vt, shown }));
  kernel.onGettyEnded((end) => submit({ kind: "getty.ended", at: instant(), ...end }));
  // before the devices: access is given to whom the screen shows
  kernel.watchActiveVt((vt) => submit({ kind: "vt.activated", at: instant(), vt }));
  kernel.watchDevices({
    found: (devices) => submit({ kind: "devices.found", at: instant(), devices }),
    changed: (changed, removed) => submit({ kind: "devices.changed", at: instant(), changed, removed }),
  });
  pam.serve(PAM_LISTEN_FD);
  control.serve(CONTROL_LISTEN_FD);
  login1.serve(LOGIN_LISTEN_FD);
  login1.start();
  kernel.onStop(() => stop(log));
  kernel.ready();

  const remember = (known: ReadonlyMap<string, number>) =>
    attempt(log, "record the ids of groups", () => kernel.writeFile(`${run}/groups`, renderGroups(known)));
  followConfiguration({ file, settings, paths, kernel, log, submit, now: instant, gids, remember });
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => stop(log));
  log.info(`sessionman ${VERSION} accepts logins`, { sessions: engine.world().sessions.size });
}

function systemClock(): ClockPort {
  return createClock({
    now: instant,
    start: (afterMs, fired) => setTimeout(fired, afterMs),
    stop: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
    // the one comes before the next look at what has happened, the other after it
    soon: (action) => void setImmediate(setImmediate, action),
  });
}

/** Stops serving and keeps everything: sessions, runtime directories and scopes belong to the users. */
function stop(log: Log): never {
  log.info("stops; sessions go on without it");
  log.flush();
  process.exit(0);
}

/** What should be done, and is no reason not to start. */
function attempt(log: LogPort, what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    log.error(`cannot ${what}: ${String(error)}`);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const given = readArguments(process.argv.slice(2));
if ("misuse" in given) {
  process.stderr.write(`sessionmand: ${given.misuse}\n`);
  process.exitCode = EXIT_MISUSE;
} else if (given.check) {
  process.exitCode = checkConfiguration(given.config);
} else {
  start(given.config, given.run);
}
