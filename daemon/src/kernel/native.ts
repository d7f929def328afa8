/** The kernel itself, over the addon. */

import type { LogPort } from "../loop/ports.ts";
import { loadAddon } from "./addon.ts";
import type { Base } from "./base.ts";
import { createCgroups } from "./cgroup.ts";
import { findCgroupRoot } from "./cgroup-root.ts";
import { createDevices, type DeviceOptions } from "./devices.ts";
import { createGettys } from "./gettys.ts";
import { createInhibitors } from "./inhibitors.ts";
import { CHANNEL_FD, createKeeper } from "./keeper.ts";
import type { Kernel, Paths } from "./kernel.ts";
import { createLibraries } from "./libraries.ts";
import { createLifetimes } from "./lifetime.ts";
import { createManagers } from "./manager.ts";
import { MOUNTINFO, MOUNTINFO_LIMIT } from "./mountinfo.ts";
import { Poller } from "./poller.ts";
import { createProcesses } from "./processes.ts";
import { createRuntimeDirectories } from "./runtime-directory.ts";
import { createSockets } from "./sockets.ts";
import { createStreams } from "./stream.ts";
import { createTaken } from "./taken.ts";
import { createForeground, createTerminals } from "./terminals.ts";
import { Turns } from "./turns.ts";
import { createUsers } from "./users.ts";

export interface NativeOptions {
  /** The addon's file; by default beside the bundle. */
  readonly addon?: string;
  /** The channel to the keeper; by default the descriptor that the keeper gives. */
  readonly channel?: number;
  readonly devices?: Partial<DeviceOptions>;
}

export interface NativeKernel extends Kernel {
  /** Lets go of all that is watched, as the end of the process does; for tests of a restart. */
  close(): void;
}

export function createNativeKernel(paths: Paths, log: LogPort, options: NativeOptions = {}): NativeKernel {
  const addon = loadAddon(options.addon ?? `${import.meta.dirname}/sessionman.node`);
  const poller = new Poller(addon);
  const missing = new Set<string>();
  let serving = false;
  const lacks = (what: string) => {
    if (missing.has(what)) return;
    missing.add(what);
    // what is found at the start is told by whoever asks for degraded()
    if (serving) log.warn(what);
  };
  const turns = new Turns();
  const base: Base = { addon, poller, turns, log, lacks };
  const keeper = createKeeper(base, options.channel ?? CHANNEL_FD);
  const mountinfo = addon.read(MOUNTINFO, MOUNTINFO_LIMIT);
  const root = findCgroupRoot(addon, paths.cgroupRoot, mountinfo);
  const cgroups = createCgroups(base, root, paths.cgroupLayout);
  const lifetimes = `${paths.run}/lifetime`;
  addon.makeDirectory(paths.run, 0o755);
  const inhibitors = `${paths.run}/inhibitors`;
  addon.makeDirectory(lifetimes, 0o700);
  addon.makeDirectory(inhibitors, 0o755);
  const devices = createDevices(base, options.devices);
  const managers = createManagers(base, keeper, cgroups.managerGroups, paths);

  return {
    ...cgroups,
    ...createProcesses(base, cgroups),
    ...createLifetimes(base, lifetimes),
    ...createInhibitors(base, inhibitors),
    ...createRuntimeDirectories(base, keeper, paths.runtimeDirectories),
    ...managers,
    ...createSockets(base, keeper),
    ...createLibraries(),
    ...createStreams(base),
    ...createTerminals(base, keeper),
    ...createUsers(base),
    ...devices,
    ...createTaken(base, keeper, createForeground(base)),
    ...createGettys(base, keeper, root),
    writeFile: (path, content) => addon.replace(path, content),
    checksum: (text) => addon.checksum(text),
    degraded: () => [...missing],
    ready() {
      serving = true;
      keeper.ready();
    },
    onStop: (stopped) => keeper.onStop(stopped),
    close() {
      devices.shut();
      managers.shut();
      cgroups.shut();
      turns.shut();
      poller.shut();
    },
  };
}
