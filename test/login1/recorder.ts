/** Takes the place of a bus: keeps what it is told. */

import type { Bus } from "../../daemon/src/bus/bus.ts";
import type { Interface } from "../../daemon/src/bus/table.ts";
import { text } from "./worlds.ts";

export type Heard =
  | {
      readonly kind: "signal";
      readonly path: string;
      readonly name: string;
      readonly body: readonly unknown[];
    }
  | { readonly kind: "changed"; readonly path: string; readonly values: ReadonlyMap<string, string> };

export class Recorder implements Pick<Bus, "emit" | "changed" | "queued"> {
  heard: Heard[] = [];
  queued = 0;

  emit(path: string, _table: Interface<never>, name: string, body: readonly unknown[]): void {
    this.heard.push({ kind: "signal", path, name, body });
  }

  changed<T>(path: string, table: Interface<T>, target: T, properties: Iterable<string>): void {
    const values = new Map<string, string>();
    for (const name of properties) values.set(name, text(table.properties.get(name)?.get(target)));
    this.heard.push({ kind: "changed", path, values });
  }

  get names(): string[] {
    return this.heard.map((each) => (each.kind === "signal" ? `${each.name} ${each.body[0]}` : each.path));
  }
}

/** What a listener knows who read everything at first and whatever was new when it heard of it, and then only listened. */
export class Listener {
  readonly known: Map<string, string>;

  constructor(first: ReadonlyMap<string, string>) {
    this.known = new Map(first);
  }

  hear(heard: readonly Heard[], read: (path: string) => ReadonlyMap<string, string>): void {
    for (const news of heard) {
      if (news.kind === "changed") {
        for (const [name, value] of news.values) this.known.set(`${news.path} ${name}`, value);
        continue;
      }
      const path = String(news.body[1]);
      for (const key of [...this.known.keys()]) if (key.startsWith(`${path} `)) this.known.delete(key);
      if (news.name.endsWith("New")) for (const [key, value] of read(path)) this.known.set(key, value);
    }
  }
}
