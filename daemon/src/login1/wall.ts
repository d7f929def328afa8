/** The message to all terminals before a shutdown. */

import { invalidArgs } from "./errors.ts";

const WALL_MESSAGE_MAX = 4096;

export function checkWallMessage(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > WALL_MESSAGE_MAX)
    throw invalidArgs(`a message of ${bytes} bytes: ${WALL_MESSAGE_MAX} at most are sent to terminals`);
  return text;
}
