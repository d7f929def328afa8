/** Lines of /proc/self/mountinfo. Asking there never blocks; asking a file system, such as a user's FUSE, may. */

export interface Mount {
  readonly id: number;
  /** What of the file system is mounted. */
  readonly root: string;
  readonly point: string;
  readonly options: readonly string[];
  readonly type: string;
}

export const MOUNTINFO = "/proc/self/mountinfo";
/** Users can add mounts and lengthen their names: what is beyond this is not read. */
export const MOUNTINFO_LIMIT = 8 * 1024 * 1024;

function decodeName(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function decodeMount(line: string): Mount | null {
  const separator = line.indexOf(" - ");
  if (separator < 0) return null;
  const [id, , , root, point, options] = line.slice(0, separator).split(" ");
  const type = line.slice(separator + 3).split(" ", 1)[0];
  if (root === undefined || point === undefined || options === undefined || type === undefined) return null;
  return {
    id: Number(id),
    root: decodeName(root),
    point: decodeName(point),
    options: options.split(","),
    type,
  };
}

export function mountById(mountinfo: string, id: number): Mount | null {
  const start = mountinfo.startsWith(`${id} `) ? 0 : mountinfo.indexOf(`\n${id} `) + 1;
  if (start === 0 && !mountinfo.startsWith(`${id} `)) return null;
  const end = mountinfo.indexOf("\n", start);
  return decodeMount(mountinfo.slice(start, end < 0 ? undefined : end));
}
