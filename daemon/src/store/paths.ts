/**
 * Where things are, for as long as something is there: a configuration that names other places takes effect when a
 * daemon starts and finds no session, because those that exist would be lost with the old places.
 */

import { readdirSync, readFileSync } from "node:fs";
import type { Paths } from "../kernel/kernel.ts";
import type { LogPort } from "../loop/ports.ts";

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}

/** The wanted paths, or those of an earlier daemon of this boot that left records. */
export function settlePaths(wanted: Paths, boot: string, log: LogPort): Paths {
  const earlier = readPlaces(wanted.run, boot);
  if (earlier === null || samePlaces(earlier, wanted) || !hasRecords(wanted.run)) return wanted;
  log.warn(
    `paths.runtime_directories, cgroup.root and cgroup.layout stay ${earlier.runtimeDirectories}, ` +
      `${earlier.cgroupRoot ?? "auto"} and ${earlier.cgroupLayout}: ` +
      "other places are used when the daemon starts without sessions",
  );
  return { ...wanted, ...earlier };
}

/** What the records are bound to. */
type Places = Pick<Paths, "runtimeDirectories" | "cgroupRoot" | "cgroupLayout">;

export function samePlaces(one: Places, other: Places): boolean {
  const keys = ["runtimeDirectories", "cgroupRoot", "cgroupLayout"] as const;
  return keys.every((key) => one[key] === other[key]);
}

export function writePaths(
  paths: Paths,
  boot: string,
  writeFile: (path: string, content: string) => void,
): void {
  writeFile(`${paths.run}/paths`, `${JSON.stringify({ boot, ...paths })}\n`);
}

function readPlaces(run: string, boot: string): Places | null {
  try {
    const stored: unknown = JSON.parse(readFileSync(`${run}/paths`, "utf8"));
    if (typeof stored !== "object" || stored === null || !("boot" in stored) || stored.boot !== boot)
      return null;
    const { runtimeDirectories, cgroupRoot, cgroupLayout } = stored as unknown as Places;
    const usable = typeof runtimeDirectories === "string" && runtimeDirectories.startsWith("/");
    const known = cgroupLayout === "systemd" || cgroupLayout === "elogind";
    return usable && known && (cgroupRoot === null || typeof cgroupRoot === "string")
      ? { runtimeDirectories, cgroupRoot, cgroupLayout }
      : null;
  } catch {
    return null; // none, or damaged: then the configuration says
  }
}

function hasRecords(run: string): boolean {
  return ["sessions", "users"].some((folder) => {
    try {
      return readdirSync(`${run}/${folder}`).some((name) => /^[0-9]+$/.test(name));
    } catch {
      return false;
    }
  });
}
