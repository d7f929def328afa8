/** What arguments may be. */

import type { InhibitWhat } from "./asks.ts";
import { invalidArgs } from "./errors.ts";

export const INHIBITORS_MAX = 8192;

/** In the order in which they are shown and asked about. */
export const INHIBIT_WHATS: readonly InhibitWhat[] = [
  "shutdown",
  "sleep",
  "idle",
  "handle-power-key",
  "handle-suspend-key",
  "handle-hibernate-key",
  "handle-lid-switch",
  "handle-reboot-key",
];

const WALL_MESSAGE_MAX = 4096;

export function checkWallMessage(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > WALL_MESSAGE_MAX)
    throw invalidArgs(`a message of ${bytes} bytes: ${WALL_MESSAGE_MAX} at most are sent to terminals`);
  return text;
}
