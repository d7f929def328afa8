/** What ports throw, in words and by their errno. */

/** What control groups fail with on a system without cgroup v2, which is said once at start. */
export const NO_CGROUPS = "ENOSYS";
/** What anything about a process that has ended fails with. */
export const GONE = "ESRCH";

export function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function errno(error: unknown): string {
  return error instanceof Error && "errno" in error && typeof error.errno === "string" ? error.errno : "";
}

export function absent(error: unknown): boolean {
  return errno(error) === "ENOENT" || errno(error) === NO_CGROUPS;
}
