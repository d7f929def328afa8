/** The processes of a control group as a tree: by parent inside one group, the groups below it under their names. */

import type { ProcessRecord } from "../control/interface.ts";
import { printable } from "./text.ts";

export interface Node {
  readonly label: string;
  readonly below: readonly Node[];
}

export function processTree(processes: readonly ProcessRecord[], unicode: boolean): string[] {
  const groups = [...new Set(processes.map((process) => process.cgroup))].sort();
  const nodes = groups.flatMap((group) => {
    const members = processes.filter((process) => process.cgroup === group).sort((a, b) => a.pid - b.pid);
    const below = roots(members);
    return group === "" ? below : [{ label: printable(group), below }];
  });
  return draw(nodes, "", unicode);
}

/** Processes whose parent is elsewhere begin a tree; each process appears once, whatever its parents claim. */
function roots(members: readonly ProcessRecord[]): Node[] {
  const pids = new Set(members.map((process) => process.pid));
  const placed = new Set<number>();
  const node = (process: ProcessRecord): Node => {
    placed.add(process.pid);
    const children = members.filter((child) => child.parent === process.pid && !placed.has(child.pid));
    return { label: label(process), below: children.map(node) };
  };
  const tops = members.filter((process) => !pids.has(process.parent)).map(node);
  for (const process of members) {
    if (!placed.has(process.pid)) tops.push(node(process));
  }
  return tops;
}

function label(process: ProcessRecord): string {
  return `${process.pid} ${printable(process.command)}`;
}

export function draw(nodes: readonly Node[], indent: string, unicode: boolean): string[] {
  const [tee, corner, bar] = unicode ? ["├─", "└─", "│ "] : ["|-", "`-", "| "];
  return nodes.flatMap(({ label, below }, i) => {
    const last = i === nodes.length - 1;
    const deeper = `${indent}${last ? "  " : bar}`;
    return [`${indent}${last ? corner : tee}${label}`, ...draw(below, deeper, unicode)];
  });
}
