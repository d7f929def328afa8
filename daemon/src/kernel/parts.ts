/** The subjects of the door that a file of the native side and a file of its twin implement each. */

import type { Kernel } from "./kernel.ts";

export type GroupPart = Pick<
  Kernel,
  | "createSlice"
  | "limitSlice"
  | "removeSlice"
  | "enterScope"
  | "watchScope"
  | "signalScope"
  | "killScope"
  | "removeScope"
  | "scopes"
  | "scopePath"
  | "slicePath"
  | "scopeProcesses"
  | "sliceProcesses"
>;

export type LifetimePart = Pick<
  Kernel,
  | "lifetimes"
  | "createLifetime"
  | "resumeLifetime"
  | "dropLifetime"
  | "openLifetime"
  | "lifetimeHeld"
  | "lifetimeHolders"
>;

export type InhibitorPart = Pick<
  Kernel,
  "inhibitors" | "createInhibitor" | "watchInhibitor" | "dropInhibitor" | "openInhibitor" | "inhibitorHeld"
>;

export type ProcessPart = Pick<
  Kernel,
  "process" | "processOfFd" | "alive" | "executableOf" | "signalProcess" | "watchLeader" | "unwatchLeader"
>;

export type RuntimePart = Pick<
  Kernel,
  | "createRuntimeDirectory"
  | "removeRuntimeDirectory"
  | "runtimeDirectories"
  | "hasRuntimeSocket"
  | "runtimeDirectoryPath"
>;

export type ManagerPart = Pick<
  Kernel,
  | "startManager"
  | "adoptManager"
  | "orderManager"
  | "tellEnvironment"
  | "tellGraphical"
  | "signalManager"
  | "killManager"
  | "cleanManager"
  | "eraseManager"
  | "managers"
  | "managerPath"
  | "managerLog"
>;

export type AccessPart = Pick<Kernel, "setAccess" | "readAccess">;

/** What there is, and whose it is. */
export type DevicePart = AccessPart &
  Pick<
    Kernel,
    | "activateVt"
    | "allocateVt"
    | "watchDevices"
    | "findDevice"
    | "findNode"
    | "brightnessSeat"
    | "setBrightness"
    | "attachDevice"
    | "flushDevices"
    | "triggerDevice"
  >;

/** What the keeper holds for controllers. */
export type TakenPart = Pick<
  Kernel,
  | "held"
  | "onVtLeft"
  | "takeVt"
  | "releaseVt"
  | "openDevice"
  | "pauseDevice"
  | "resumeDevice"
  | "closeDevice"
  | "descriptorOf"
>;

export type GettyPart = Pick<Kernel, "startGetty" | "onGettyEnded">;

export type SeatPart = DevicePart & TakenPart & GettyPart;
