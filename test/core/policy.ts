/** The configuration of a simulated machine and of the transcripts. */

import type { Policy } from "../../daemon/src/core/configuration.ts";

export const policy: Policy = {
  killUserProcesses: false,
  killOnlyUsers: [],
  killExcludeUsers: ["root"],
  stopTimeoutMs: 10_000,
  sessionsMax: 40,
  sessionsMaxPerUser: 6,
  runtimeDirectories: "/run/user",
  trustedServices: ["lightdm"],
  runtimeDirectoryBytes: 1 << 20,
  runtimeDirectoryInodes: 256,
  limits: { default: {}, groups: [], users: new Map() },
  vts: { automatic: 0, reserved: 0, getty: ["/sbin/agetty", "%t"] },
  services: {
    default: { backend: "/backends/runit", linger: "per-user" },
    groups: [],
    users: new Map(),
    classes: ["user", "user-early"],
    rootSession: false,
    selfLinger: true,
    loginTimeoutMs: 30_000,
    startTimeoutMs: 60_000,
    stopTimeoutMs: 20_000,
    termTimeoutMs: 10_000,
    startsAtOnce: 2,
  },
};
