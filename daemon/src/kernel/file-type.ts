/** What kind of file a mode says that it is. */

import { constants } from "node:fs";

const { S_IFMT, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK } = constants;

interface WithMode {
  readonly mode: number;
}

const is =
  (type: number) =>
  ({ mode }: WithMode): boolean =>
    (mode & S_IFMT) === type;

export const isDirectory = is(S_IFDIR);
export const isLink = is(S_IFLNK);
export const isCharacterDevice = is(S_IFCHR);
export const isBlockDevice = is(S_IFBLK);
