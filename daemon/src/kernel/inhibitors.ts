/** FIFOs of inhibitors, beside their records. */

import { readdirSync } from "node:fs";
import type { Base } from "./base.ts";
import { NamedFifos } from "./fifos.ts";
import type { InhibitorPart } from "./parts.ts";

const NAME = /^([1-9][0-9]{0,14})\.ref$/;

export function createInhibitors(base: Base, directory: string): InhibitorPart {
  const fifos = new NamedFifos<number>(base, (id) => `${directory}/${id}.ref`);
  return {
    inhibitors: () =>
      readdirSync(directory).flatMap((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN) || []),
    createInhibitor: (id) => fifos.create(id, () => {}),
    watchInhibitor: (id, ended) => fifos.resume(id, ended),
    dropInhibitor: (id) => fifos.drop(id),
    openInhibitor: (id) => fifos.openWriter(id),
    inhibitorHeld: (id) => fifos.held(id),
  };
}
