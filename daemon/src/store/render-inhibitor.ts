/** An inhibitor's record as bytes and back. */

import { parseMode, parseWhats } from "../core/inhibit.ts";
import type { Inhibitor } from "../core/model.ts";
import { isUid } from "../core/names.ts";
import { type Checksum, envelope, isNumber, isPid, isText, openEnvelope, parseInstant } from "./envelope.ts";

export function renderInhibitor(inhibitor: Inhibitor, boot: string, checksum: Checksum): string {
  return envelope({ ...inhibitor, what: inhibitor.what.join(":") }, boot, checksum);
}

export function parseInhibitor(id: number, text: string, boot: string, checksum: Checksum): Inhibitor | null {
  const record = openEnvelope(text, boot, checksum);
  if (record === null || record.id !== id || !Number.isSafeInteger(id) || id < 1) return null;
  const what = isText(record.what) ? parseWhats(record.what) : null;
  const mode = isText(record.mode) ? parseMode(record.mode) : null;
  const created = parseInstant(record.created);
  const { who, why, uid, pid } = record;
  if (what === null || mode === null || created === null || !isText(who) || !isText(why)) return null;
  if (!isNumber(uid) || !isUid(uid) || !isPid(pid)) return null;
  return { id, what, who, why, mode, uid, pid, created };
}
