/**
 * The daemon's log: JSON lines, or lines for people on a terminal. pino takes 10 ms to load, a quarter of Node's own
 * start: lines wait for it until logins are accepted, unless something goes wrong or the daemon ends before.
 */

import * as fs from "node:fs";
import type { Logger } from "pino";
import { openSink } from "./log-sink.ts";
import type { LogPort } from "./loop/ports.ts";

export interface LogOptions {
  readonly level: Level;
  /** auto: human where fd 2 is a terminal. */
  readonly format: "auto" | "json" | "human";
}

export type Level = "debug" | "info" | "warn" | "error";

export interface Log extends LogPort {
  debug(message: string, fields?: object): void;
  /** From now on, also after setSeverity(). */
  configure(options: LogOptions): void;
  /** Lines up to this severity are logged, as syslog counts: 0 is an emergency, 7 is for debugging. */
  readonly severity: number;
  /** Until the configuration is read again. */
  setSeverity(severity: number): void;
  /** Writes what is still in memory, waiting for a slow reader only briefly. To be called before the process ends. */
  flush(): void;
}

interface Line {
  readonly at: number;
  readonly level: Level;
  readonly message: string;
  readonly fields: object;
}

/** As syslog counts. */
const SEVERITY: Readonly<Record<Level, number>> = { debug: 7, info: 6, warn: 4, error: 3 };
const LOAD_AFTER_MS = 200;
const MOST_WAITING = 1000;
const FLUSH_MS = 500;
/** Major number of /dev/null and its kin. */
const MEMORY_DEVICES = 1;

export function createLog(initial: LogOptions, fd = 2): Log {
  let most = SEVERITY[initial.level];
  let human = wantsHuman(initial, fd);
  let waiting: Line[] = [];
  let timer: NodeJS.Timeout | undefined;
  let write: ((line: Line) => void) | undefined;

  const sink = openSink(fd, (lost) => log("warn", "log lines lost", { lost }));
  const load = (): void => {
    clearTimeout(timer);
    write ??= loadPino((json) => sink.write(human ? forPeople(json) : escapeJson(json)));
    const lines = waiting;
    waiting = [];
    for (const line of lines) write(line);
  };
  const log = (level: Level, message: string, fields: object = {}): void => {
    if (SEVERITY[level] > most) return;
    const line = { at: Date.now(), level, message, fields };
    if (write) return write(line);
    waiting.push(line);
    if (level === "error" || waiting.length >= MOST_WAITING) load();
    else timer ??= setTimeout(load, LOAD_AFTER_MS).unref();
  };
  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
    configure: (changed) => {
      most = SEVERITY[changed.level];
      human = wantsHuman(changed, fd);
    },
    get severity() {
      return most;
    },
    setSeverity: (severity) => {
      most = severity;
    },
    flush: () => {
      if (waiting.length > 0) load();
      sink.drain(FLUSH_MS);
    },
  };
}

function wantsHuman({ format }: LogOptions, fd: number): boolean {
  if (format !== "auto") return format === "human";
  // node:tty brings node:net with it, 6 ms: it is loaded only for what can be a terminal at all.
  const tty = (): typeof import("node:tty") => require("node:tty");
  try {
    const stat = fs.fstatSync(fd);
    return stat.isCharacterDevice() && stat.rdev >> 8 !== MEMORY_DEVICES && tty().isatty(fd);
  } catch {
    return false;
  }
}

/** A function that turns lines into pino's JSON. It never throws: a log line is not worth a daemon. */
function loadPino(output: (json: string) => void): (line: Line) => void {
  const { pino }: typeof import("pino") = require("pino");
  let at = 0;
  const logger: Logger = pino(
    {
      level: "debug",
      base: null,
      timestamp: () => `,"time":"${new Date(at).toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      serializers: { error: (error) => (error instanceof Error ? (error.stack ?? error.message) : error) },
    },
    { write: output },
  );
  return (line) => {
    at = line.at;
    try {
      logger[line.level](line.fields, line.message);
    } catch (error) {
      logger[line.level]({ unloggable: String(error) }, line.message);
    }
  };
}

const UNPRINTABLE = /[\p{C}\u2028\u2029]/gu;

const escaped = (text: string): string =>
  text
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");

/** Still the same JSON: what a terminal could obey occurs only inside strings, and is spelled out there. */
const escapeJson = (json: string): string => `${json.trimEnd().replace(UNPRINTABLE, escaped)}\n`;

/** HH:MM:SS level message key=value … */
function forPeople(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(String(time)).toTimeString().slice(0, 8);
  const words = Object.entries(fields).map(([key, value]) => `${key}=${forWord(value)}`);
  return `${[clock, String(level).padEnd(5), msg, ...words].join(" ").replace(UNPRINTABLE, escaped)}\n`;
}

function forWord(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return typeof value === "string" && /^$|[\s"=]/.test(text) ? JSON.stringify(text) : text;
}
