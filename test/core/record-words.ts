/** Records in the words of the transcripts: what is not as for everybody. */

import type { Inhibitor, Session, User } from "../../daemon/src/core/model.ts";
import { takenWords } from "./seat-words.ts";

export function sessionWords({
  type,
  class: kind,
  lockedHint,
  idleHint,
  idleSince,
  control,
  ...rest
}: Session): string[] {
  const words: string[] = [];
  if (idleSince !== null) words.push(`${idleHint ? "idle" : "busy"}=${idleSince.realtime / 1_000_000}`);
  if (lockedHint) words.push("locked");
  if (type !== "tty" && type !== "unspecified") words.push(`type=${type}`);
  if (control !== null) words.push(`control=${control.name}`, `before=${control.originalType}`);
  if (control !== null && rest.display !== "") words.push(`display=${rest.display}`);
  if (control !== null && rest.tty !== "") words.push(`tty=${rest.tty}`);
  if (kind === "user-incomplete") words.push(kind);
  return [...words, ...takenWords(control, rest.devices)];
}

export function inhibitorWords({ id, what, who, why, mode, uid, pid }: Inhibitor): string[] {
  return [
    `inhibitor=${id}`,
    `what=${what.join(":")}`,
    `mode=${mode}`,
    `who=${who}`,
    `why=${why}`,
    `by=${uid}/${pid}`,
  ];
}

/** The states of directory and manager, and what else is not as for everybody. */
export function userWords({ runtime, manager, deaths, impatient, imported, graphical }: User): string[] {
  const words: string[] = [runtime.state];
  if (manager.state !== "none") words.push(`manager=${manager.state}`);
  if ("pid" in manager && manager.pid !== 0) words.push(`pid=${manager.pid}`);
  if (manager.state === "stopping") words.push(manager.cause, manager.step);
  if ("message" in manager && manager.message !== "") words.push(`(${manager.message})`);
  if (deaths.length > 0) words.push(`deaths=${deaths.length}`);
  if (impatient) words.push("impatient");
  if (imported.size > 0) words.push(`imported=${[...imported.keys()]}`);
  if (graphical !== null) words.push(`graphical=${graphical}`);
  return words;
}
