/** What the rest of the daemon gets from the configuration. */

import type { Limits, Policy } from "../core/model.ts";
import type { Size } from "./kinds.ts";
import type { LimitValues, Values } from "./options.ts";
import { defaultValues } from "./parse.ts";

/** Facts about the machine that some values depend on. */
export interface Facts {
  /** MemTotal: percentages are of this. */
  readonly memoryBytes: number;
}

export interface Settings extends Omit<Policy, "limits"> {
  readonly defaultLimits: Limits;
  /** In the order of the file; names, because only the running system knows their ids. */
  readonly groupLimits: readonly { readonly name: string; readonly limits: Limits }[];
  readonly userLimits: ReadonlyMap<string, Limits>;
  /** null: find the mount point of cgroup v2. */
  readonly cgroupRoot: string | null;
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
    cgroupRoot: values.cgroup.root === "auto" ? null : values.cgroup.root,
    log: values.log,
  };
}

/** As with no file at all. */
export const defaultSettings = (facts: Facts): Settings => toSettings(defaultValues(), facts);

/** gids: ids of the groups named in groupLimits. A group that is missing there limits nobody. */
export function toPolicy(settings: Settings, gids: ReadonlyMap<string, number>): Policy {
  const groups = settings.groupLimits.flatMap(({ name, limits }) => {
    const gid = gids.get(name);
    return gid === undefined ? [] : [{ gid, limits }];
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
    limits: { default: settings.defaultLimits, groups, users: settings.userLimits },
  };
}
