/** The id that Peer.GetMachineId tells. */

import { readFileSync } from "node:fs";

const FILES = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/** null where none was made. */
export function machineId(files: readonly string[] = FILES): string | null {
  for (const file of files) {
    try {
      const id = readFileSync(file, "latin1").trim();
      if (/^[0-9a-f]{32}$/.test(id)) return id;
    } catch {
      // the next one
    }
  }
  return null;
}
