/** A machine for tests: its backends exist only by name, and auto is runit there. */

import type { Facts } from "../../daemon/src/config/machine.ts";

export const BACKENDS = "/lib/backends";

export const machine = (memoryBytes: number): Facts => ({
  memoryBytes,
  backends: BACKENDS,
  auto: { backend: "runit", because: "process 1 is runit" },
});
