/** Ids of the groups that have limits, so that a restarted daemon knows them before the group database answers. */

import { readFileSync } from "node:fs";
import { isGroupList } from "../core/names.ts";

export function readGroups(run: string): Map<string, number> {
  try {
    const stored: unknown = JSON.parse(readFileSync(`${run}/groups`, "utf8"));
    const rows = Array.isArray(stored) ? stored : [];
    return new Map(rows.filter(([name, gid]) => typeof name === "string" && isGroupList([gid])));
  } catch {
    return new Map(); // none, or damaged: the database will say
  }
}

export function renderGroups(gids: ReadonlyMap<string, number>): string {
  return `${JSON.stringify([...gids])}\n`;
}
