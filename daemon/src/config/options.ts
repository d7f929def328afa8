/**
 * Every option, one row each: its kind and its default. conf/sessionman.yaml and sessionman.yaml(5) describe the same
 * keys; a test compares the three.
 */

import { ORDINARY_CLASSES } from "../core/names.ts";
import {
  absolutePath,
  backend,
  boolean,
  duration,
  gettyFault,
  groupName,
  integer,
  integerOr,
  type Kind,
  oneOf,
  pathOr,
  serviceName,
  size,
  sizeOrInfinity,
  userName,
  word,
} from "./kinds.ts";

export interface Value<T> {
  readonly form: "value";
  readonly kind: Kind<T>;
  readonly initial: T;
}

export interface List<T> {
  readonly form: "list";
  readonly kind: Kind<T>;
  readonly initial: readonly T[];
  /** What is wrong with items that are right one by one: completes the sentence "the list …". */
  readonly fault?: (items: readonly T[]) => string | undefined;
}

export interface Section<M> {
  readonly form: "section";
  readonly members: M;
}

/** A map whose keys the administrator chooses; each entry is a section of which any part may be left out. */
export interface Entries<M> {
  readonly form: "entries";
  readonly name: Kind<string>;
  readonly members: M;
}

// biome-ignore lint/suspicious/noExplicitAny: kinds of all values; ValueOf gives each its own type back.
export type Rows = { readonly [key: string]: Value<any> | List<any> | Section<Rows> | Entries<Rows> };
export type Row = Rows[string];

export type ValueOf<R> =
  R extends Value<infer T>
    ? T
    : R extends List<infer T>
      ? readonly T[]
      : R extends Section<infer M>
        ? { readonly [K in keyof M]: ValueOf<M[K]> }
        : R extends Entries<infer M>
          ? ReadonlyMap<string, { readonly [K in keyof M]?: ValueOf<M[K]> }>
          : never;

const value = <T>(kind: Kind<T>, initial: NoInfer<T>): Value<T> => ({ form: "value", kind, initial });
const list = <T>(
  kind: Kind<T>,
  initial: readonly NoInfer<T>[],
  fault?: List<NoInfer<T>>["fault"],
): List<T> => ({ form: "list", kind, initial, ...(fault && { fault }) });
const section = <M extends Rows>(members: M): Section<M> => ({ form: "section", members });
const entries = <M extends Rows>(name: Kind<string>, members: M): Entries<M> => ({
  form: "entries",
  name,
  members,
});

/** The kernel's own limit on process ids; more can never exist. */
const PIDS = 4_194_304;

/** The defaults are the kernel's. */
const limits = {
  memory_max: value(sizeOrInfinity(2 ** 20, "1M"), "infinity"),
  memory_high: value(sizeOrInfinity(2 ** 20, "1M"), "infinity"),
  pids_max: value(integerOr(1, PIDS, "infinity"), "infinity"),
  cpu_weight: value(integer(1, 10_000), 100),
  io_weight: value(integer(1, 10_000), 100),
};

const DISPLAY_MANAGERS = [
  "gdm-password",
  "gdm-autologin",
  "gdm-launch-environment",
  "gdm-fingerprint",
  "gdm-smartcard",
  "lightdm",
  "lightdm-greeter",
  "lightdm-autologin",
  "sddm",
  "sddm-greeter",
  "sddm-autologin",
  "greetd",
  "greetd-greeter",
  "ly",
  "lemurs",
  "lxdm",
  "xdm",
  "slim",
  "nodm",
];

/** Classes of sessions that may make their user's service manager start; a manager's own is none of them. */
const sessionClass = oneOf(...ORDINARY_CLASSES);

/** The kernel's last virtual terminal. */
const LAST_VT = 63;

const lingering = oneOf("yes", "no", "per-user");

/** What groups and users can have of their own. */
const services = {
  backend: value(backend, "auto"),
  linger: value(lingering, "per-user"),
};

const MODULE_WAITS = "the PAM module waits for 90 s and then lets the login go on without a session";

export const options = section({
  kill_user_processes: value(boolean, false),
  kill_only_users: list(userName, []),
  kill_exclude_users: list(userName, ["root"]),
  stop_timeout: value(duration("0s", "1h"), 10_000),
  sessions_max: value(integer(1, 65_536), 8192),
  sessions_max_per_user: value(integer(1, 65_536), 1024),
  trusted_services: list(serviceName, DISPLAY_MANAGERS),
  vts: section({
    automatic: value(integer(0, LAST_VT), 0),
    reserved: value(integer(0, LAST_VT), 0),
    getty: list(word, ["/sbin/agetty", "--noclear", "%t", "linux"], gettyFault),
  }),
  runtime_directory: section({
    size: value(size(2 ** 16, "64K"), { percent: 10 }),
    inodes: value(integerOr(16, 2 ** 24, "auto"), "auto"),
  }),
  limits: section({
    default: section(limits),
    groups: entries(groupName, limits),
    users: entries(userName, limits),
  }),
  user_services: section({
    ...services,
    classes: list(sessionClass, ["user", "user-early", "user-incomplete"]),
    root_session: value(boolean, false),
    self_linger: value(boolean, true),
    login_timeout: value(duration("0s", "85s", MODULE_WAITS), 60_000),
    start_timeout: value(duration("1s", "1h"), 90_000),
    stop_timeout: value(duration("0s", "1h"), 20_000),
    term_timeout: value(duration("0s", "1h"), 10_000),
    starts_at_once: value(integer(1, 1024), 16),
    groups: entries(groupName, services),
    users: entries(userName, services),
  }),
  seatd: section({
    enabled: value(boolean, true),
    protocol: value(oneOf("auto", "0.9", "0.8"), "auto"),
  }),
  cgroup: section({
    root: value(pathOr("auto"), "auto"),
    layout: value(oneOf("systemd", "elogind"), "systemd"),
  }),
  paths: section({
    runtime_directories: value(absolutePath, "/run/user"),
    lingering: value(absolutePath, "/var/lib/sessionman/linger"),
    backend_configuration: value(absolutePath, "/etc/sessionman/backend"),
    state_files: value(absolutePath, "/run/systemd"),
    system_bus: value(absolutePath, "/run/dbus/system_bus_socket"),
  }),
  log: section({
    level: value(oneOf("debug", "info", "warn", "error"), "info"),
    format: value(oneOf("auto", "json", "human"), "auto"),
  }),
});

export type Values = ValueOf<typeof options>;
export type ServiceValues = { readonly [K in keyof typeof services]?: ValueOf<(typeof services)[K]> };
export type LimitValues = { readonly [K in keyof typeof limits]?: ValueOf<(typeof limits)[K]> };
