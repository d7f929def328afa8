/** Reading a plain file of bounded size; anything else in its place, such as a link or a FIFO, reads as null. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

export function readSmall(path: string, most: number): string | null {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const status = fstatSync(fd);
    return status.isFile() && status.size <= most ? readFileSync(fd, "utf8") : null;
  } finally {
    closeSync(fd);
  }
}
