/** What the rest of the daemon gets from the configuration. */

import type { Limits, Policy, ServicePolicy, Services } from "../core/configuration.ts";
import type { Size } from "./kinds.ts";
import { backendPath, type Choice, type Facts } from "./machine.ts";
import type { LimitValues, ServiceValues, Values } from "./options.ts";
import { defaultValues } from "./parse.ts";

export interface Settings extends Omit<Policy, "limits" | "services"> {
  readonly defaultLimits: Limits;
  /** In the order of the file; names, because only the running system knows their ids. */
  readonly groupLimits: readonly { readonly name: string; readonly limits: Limits }[];
  readonly userLimits: ReadonlyMap<string, Limits>;
  readonly services: Omit<ServicePolicy, "groups">;
  /** As with groupLimits. */
  readonly groupServices: readonly { readonly name: string; readonly services: Services }[];
  /** What auto came to; null if it is not asked for. */
  readonly auto: Choice | null;
  readonly lingering: string;
  readonly backendConfiguration: string;
  /** null: find the mount point of cgroup v2. */
  readonly cgroupRoot: string | null;
  readonly cgroupLayout: Values["cgroup"]["layout"];
  readonly stateFiles: string;
  readonly systemBus: string;
  readonly seatd: Values["seatd"];
  readonly log: Values["log"];
}

const PAGE = 4096;
const INODES_MOST = 1_048_576;
const KERNEL_WEIGHT = 100;

function inBytes(amount: Exclude<Size, "infinity">, facts: Facts): number {
  const bytes = "bytes" in amount ? amount.bytes : (facts.memoryBytes / 100) * amount.percent;
  return Math.max(PAGE, Math.floor(bytes / PAGE) * PAGE);
}

const inKernelWords = (amount: Size, facts: Facts): string =>
  amount === "infinity" ? "max" : String(inBytes(amount, facts));

function toLimits(given: LimitValues, facts: Facts): Limits {
  return {
    ...(given.memory_max !== undefined && { "memory.max": inKernelWords(given.memory_max, facts) }),
    ...(given.memory_high !== undefined && { "memory.high": inKernelWords(given.memory_high, facts) }),
    ...(given.pids_max !== undefined && {
      "pids.max": given.pids_max === "infinity" ? "max" : String(given.pids_max),
    }),
    ...(given.cpu_weight !== undefined && { "cpu.weight": String(given.cpu_weight) }),
    ...(given.io_weight !== undefined && { "io.weight": String(given.io_weight) }),
  };
}

/** Below the default there is only the kernel's: what equals it need not be written at each first login. */
function withoutKernelDefaults(given: LimitValues): LimitValues {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== "infinity" && value !== KERNEL_WEIGHT),
  );
}

function toServices(given: ServiceValues, facts: Facts): Services {
  return {
    ...(given.backend !== undefined && { backend: backendPath(given.backend, facts) }),
    ...(given.linger !== undefined && { linger: given.linger }),
  };
}

function toServicePolicy(given: Values["user_services"], facts: Facts): Settings["services"] {
  return {
    default: { backend: backendPath(given.backend, facts), linger: given.linger },
    users: new Map([...given.users].map(([name, services]) => [name, toServices(services, facts)])),
    classes: given.classes,
    rootSession: given.root_session,
    selfLinger: given.self_linger,
    loginTimeoutMs: given.login_timeout,
    startTimeoutMs: given.start_timeout,
    stopTimeoutMs: given.stop_timeout,
    termTimeoutMs: given.term_timeout,
    startsAtOnce: given.starts_at_once,
  };
}

function asksForAuto({ backend, groups, users }: Values["user_services"]): boolean {
  return [{ backend }, ...groups.values(), ...users.values()].some((row) => row.backend === "auto");
}

export function toSettings(values: Values, facts: Facts): Settings {
  const bytes = inBytes(values.runtime_directory.size, facts);
  const inodes = values.runtime_directory.inodes;
  return {
    killUserProcesses: values.kill_user_processes,
    killOnlyUsers: values.kill_only_users,
    killExcludeUsers: values.kill_exclude_users,
    stopTimeoutMs: values.stop_timeout,
    sessionsMax: values.sessions_max,
    sessionsMaxPerUser: values.sessions_max_per_user,
    trustedServices: values.trusted_services,
    runtimeDirectories: values.paths.runtime_directories,
    runtimeDirectoryBytes: bytes,
    runtimeDirectoryInodes: inodes === "auto" ? Math.min(bytes / PAGE, INODES_MOST) : inodes,
    defaultLimits: toLimits(withoutKernelDefaults(values.limits.default), facts),
    groupLimits: [...values.limits.groups].map(([name, given]) => ({ name, limits: toLimits(given, facts) })),
    userLimits: new Map([...values.limits.users].map(([name, given]) => [name, toLimits(given, facts)])),
    vts: values.vts,
    services: toServicePolicy(values.user_services, facts),
    groupServices: [...values.user_services.groups].map(([name, given]) => ({
      name,
      services: toServices(given, facts),
    })),
    auto: asksForAuto(values.user_services) ? facts.auto : null,
    lingering: values.paths.lingering,
    backendConfiguration: values.paths.backend_configuration,
    cgroupRoot: values.cgroup.root === "auto" ? null : values.cgroup.root,
    cgroupLayout: values.cgroup.layout,
    stateFiles: values.paths.state_files,
    systemBus: values.paths.system_bus,
    seatd: values.seatd,
    log: values.log,
  };
}

/** As with no file at all. */
export const defaultSettings = (facts: Facts): Settings => toSettings(defaultValues(), facts);

/** Groups that have something of their own: their names and the first key that is about them. */
export function namedGroups(settings: Settings): Map<string, string> {
  const limited = settings.groupLimits.map(({ name }) => [name, `limits.groups.${name}`] as const);
  const served = settings.groupServices.map(({ name }) => [name, `user_services.groups.${name}`] as const);
  return new Map([...served, ...limited]);
}

/** gids: ids of the named groups. A group that is missing there is nobody's. */
export function toPolicy(settings: Settings, gids: ReadonlyMap<string, number>): Policy {
  const known = <T extends { readonly name: string }>(rows: readonly T[]): (T & { gid: number })[] =>
    rows.flatMap((row) => {
      const gid = gids.get(row.name);
      return gid === undefined ? [] : [{ ...row, gid }];
    });
  return {
    killUserProcesses: settings.killUserProcesses,
    killOnlyUsers: settings.killOnlyUsers,
    killExcludeUsers: settings.killExcludeUsers,
    stopTimeoutMs: settings.stopTimeoutMs,
    sessionsMax: settings.sessionsMax,
    sessionsMaxPerUser: settings.sessionsMaxPerUser,
    trustedServices: settings.trustedServices,
    runtimeDirectories: settings.runtimeDirectories,
    runtimeDirectoryBytes: settings.runtimeDirectoryBytes,
    runtimeDirectoryInodes: settings.runtimeDirectoryInodes,
    limits: {
      default: settings.defaultLimits,
      groups: known(settings.groupLimits).map(({ gid, limits }) => ({ gid, limits })),
      users: settings.userLimits,
    },
    vts: settings.vts,
    services: {
      ...settings.services,
      groups: known(settings.groupServices).map(({ gid, services }) => ({ gid, services })),
    },
  };
}
