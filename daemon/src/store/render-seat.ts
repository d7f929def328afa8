/** A seat's record as bytes and back, and the devices of a session's record. */

import { isSeatName, isSessionId, isUid } from "../core/names.ts";
import type { SeatRecord } from "../core/seat-events.ts";
import type { DeviceKind, Taken } from "../core/seat-model.ts";
import { type Checksum, envelope, isFields, isNumber, isText, openEnvelope } from "./envelope.ts";

/** Far beyond what a session may take, and how many users a seat sees at once. */
const DEVICES_MAX = 1024;
const GRANTED_MAX = 1024;
const NUMBER_MAX = 0xffffffff;
const MAJOR_MAX = 4095;
const MINOR_MAX = 1_048_575;
const TRIES_MAX = 1000;

const KINDS: readonly DeviceKind[] = ["drm", "evdev", "hidraw", "render"];
const STATES: readonly Taken["state"][] = ["opening", "active", "asked", "pausing", "paused", "resuming"];
const TOLD: readonly Taken["told"][] = ["active", "paused"];

export function renderSeat({ id, chosen, granted }: SeatRecord, boot: string, checksum: Checksum): string {
  return envelope({ id, chosen, granted }, boot, checksum);
}

export function parseSeat(id: string, text: string, boot: string, checksum: Checksum): SeatRecord | null {
  const record = openEnvelope(text, boot, checksum);
  if (record === null || record.id !== id || !isSeatName(id)) return null;
  const { chosen, granted } = record;
  if (chosen !== null && (!isText(chosen) || !isSessionId(chosen))) return null;
  if (!Array.isArray(granted) || granted.length > GRANTED_MAX) return null;
  return granted.every((uid) => isNumber(uid) && isUid(uid)) ? { id, chosen, granted } : null;
}

export function parseDevices(value: unknown): readonly Taken[] | null {
  if (!Array.isArray(value) || value.length > DEVICES_MAX) return null;
  const devices = value.flatMap((each) => parseDevice(each) ?? []);
  const keys = new Set(devices.map(({ key }) => key));
  return devices.length === value.length && keys.size === value.length ? devices : null;
}

function parseDevice(value: unknown): Taken | null {
  if (!isFields(value)) return null;
  // one that was written before this was recorded has been answered
  const { key, major, minor, node, path, tries, answered = true } = value;
  const kind = oneOf(KINDS, value.kind);
  const state = oneOf(STATES, value.state);
  const told = oneOf(TOLD, value.told);
  if (kind === null || state === null || told === null) return null;
  if (!isCount(key, NUMBER_MAX) || !isCount(major, MAJOR_MAX) || !isCount(minor, MINOR_MAX)) return null;
  if (!isText(node) || !node.startsWith("/") || !isText(path) || !path.startsWith("/")) return null;
  if (!isCount(tries, TRIES_MAX) || typeof answered !== "boolean") return null;
  return { key, kind, major, minor, node, path, state, told, tries, answered };
}

function isCount(value: unknown, most: number): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= 0 && value <= most;
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T | null {
  return known.find((each) => each === value) ?? null;
}
