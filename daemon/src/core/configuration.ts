/** What the configuration tells the core. */

import type { SessionClass } from "./model.ts";

/**
 * Resource limits of a user's slice or a session's scope, in the spelling of the kernel's files; those of memory may be
 * a percentage of the machine's. Absent keys are not written.
 */
export interface Limits {
  readonly "memory.max"?: string;
  readonly "memory.high"?: string;
  readonly "pids.max"?: string;
  readonly "cpu.weight"?: string;
  readonly "io.weight"?: string;
}

/** Which service manager a user gets; an absent member is decided by the row before. */
export interface Services {
  /** Absolute path of the backend; "" is none. */
  readonly backend?: string;
  readonly linger?: "yes" | "no" | "per-user";
}

export interface ServicePolicy {
  readonly default: Required<Services>;
  /** In the order of the file; a later group wins. */
  readonly groups: readonly { readonly gid: number; readonly services: Services }[];
  readonly users: ReadonlyMap<string, Services>;
  /** Classes of sessions that make their user's manager start. */
  readonly classes: readonly SessionClass[];
  /** Whether root gets a manager at all. */
  readonly rootSession: boolean;
  /** Whether users may turn on lingering for themselves. */
  readonly selfLinger: boolean;
  /** How long a login waits, in milliseconds; 0 is not at all. */
  readonly loginTimeoutMs: number;
  /** How long a manager may take until it runs. */
  readonly startTimeoutMs: number;
  /** How long the backend's stop may take until TERM is sent. */
  readonly stopTimeoutMs: number;
  /** From TERM to the kill of all that is left. */
  readonly termTimeoutMs: number;
  /** Managers of lingering users without a session that start at the same time. */
  readonly startsAtOnce: number;
}

/** Virtual terminals on which logins are awaited. */
export interface VtPolicy {
  /** 1 to this one get a getty when they are switched to and free; 0: none does. */
  readonly automatic: number;
  /** This one has a getty from the start; 0: none has. */
  readonly reserved: number;
  /** The program and its arguments; %t in them stands for the terminal's name. */
  readonly getty: readonly string[];
}

/** What the configuration tells the core. */
export interface Policy {
  readonly killUserProcesses: boolean;
  readonly killOnlyUsers: readonly string[];
  readonly killExcludeUsers: readonly string[];
  /** Milliseconds between TERM and KILL when a session's processes are ended. */
  readonly stopTimeoutMs: number;
  readonly sessionsMax: number;
  readonly sessionsMaxPerUser: number;
  /** Parent of the runtime directories, such as "/run/user". */
  readonly runtimeDirectories: string;
  /** PAM services whose XDG_SEAT, XDG_VTNR and XDG_SESSION_CLASS are believed. */
  readonly trustedServices: readonly string[];
  readonly runtimeDirectoryBytes: number;
  readonly runtimeDirectoryInodes: number;
  readonly limits: {
    readonly default: Limits;
    /** In the order of the file; a later group wins. */
    readonly groups: readonly { readonly gid: number; readonly limits: Limits }[];
    readonly users: ReadonlyMap<string, Limits>;
  };
  readonly vts: VtPolicy;
  readonly services: ServicePolicy;
}
