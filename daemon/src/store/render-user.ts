/** A user's record as bytes and back. */

import type { Imported, Manager, User } from "../core/model.ts";
import { isGroupList, isSessionId, isUid, isUserName } from "../core/names.ts";
import {
  type Checksum,
  envelope,
  type Fields,
  isFields,
  isNumber,
  isPid,
  isText,
  openEnvelope,
  parseInstant,
} from "./envelope.ts";

type Services = Pick<User, "manager" | "deaths" | "impatient" | "imported" | "graphical">;

const PATH_MAX = 4096;
const VALUE_MAX = 4096;
/** Far beyond what the core counts. */
const DEATHS_MAX = 64;

export function renderUser(user: User, boot: string, checksum: Checksum): string {
  const { uid, gid, name, groups, created, guessed, manager, deaths, impatient, graphical } = user;
  const imported = [...user.imported].map(([variable, { value, session }]) => [variable, value, session]);
  const services = { manager, deaths, impatient, imported, graphical };
  return envelope({ uid, gid, name, groups, created, guessed, services }, boot, checksum);
}

export function parseUser(uid: number, text: string, boot: string, checksum: Checksum): User | null {
  const record = openEnvelope(text, boot, checksum);
  if (record === null || record.uid !== uid || !isUid(uid)) return null;
  // absent in the record of a daemon that did not write such users down
  const { gid, name, groups, guessed = false } = record;
  const created = parseInstant(record.created);
  if (created === null || !isNumber(gid) || !isUid(gid) || !isText(name) || !isUserName(name)) return null;
  if (!Array.isArray(groups) || !groups.every(isNumber) || !isGroupList(groups)) return null;
  const services = parseServices(record.services);
  if (services === null || typeof guessed !== "boolean") return null;
  return {
    uid,
    gid,
    name,
    groups,
    created,
    ...services,
    runtime: { state: "none" },
    sessions: new Set(),
    guessed,
  };
}

/** Absent in the record of a daemon that knew no user services. */
function parseServices(value: unknown): Services | null {
  if (value === undefined)
    return { manager: { state: "none" }, deaths: [], impatient: false, imported: new Map(), graphical: null };
  if (!isFields(value)) return null;
  const manager = parseManager(value.manager);
  const imported = parseImported(value.imported);
  const { deaths, impatient, graphical } = value;
  if (manager === null || imported === null || typeof impatient !== "boolean") return null;
  if (!Array.isArray(deaths) || deaths.length > DEATHS_MAX || !deaths.every(isNumber)) return null;
  if (graphical !== null && !(isText(graphical) && isSessionId(graphical))) return null;
  return { manager, deaths, impatient, imported, graphical };
}

function parseManager(value: unknown): Manager | null {
  if (!isFields(value)) return null;
  const { state } = value;
  if (state === "none") return { state };
  const { backend, since, message } = value;
  if (!isBackend(backend) || !isNumber(since) || !isText(message)) return null;
  if (state === "failed") return { state, backend, since, message };
  if (!isPid(value.pid)) return null;
  const known = { backend, pid: value.pid, since, message };
  if (state === "starting" || state === "ready" || state === "running") return { state, ...known };
  return state === "stopping" ? parseStopping(value, known) : null;
}

type Stopping = Extract<Manager, { state: "stopping" }>;

const CAUSES: ReadonlySet<unknown> = new Set<Stopping["cause"]>(["unneeded", "asked", "slow", "died"]);
const STEPS: ReadonlySet<unknown> = new Set<Stopping["step"]>(["asked", "term", "killed"]);

function parseStopping(value: Fields, known: Omit<Stopping, "state" | "cause" | "step">): Stopping | null {
  if (!CAUSES.has(value.cause) || !STEPS.has(value.step)) return null;
  return {
    state: "stopping",
    ...known,
    cause: value.cause as Stopping["cause"],
    step: value.step as Stopping["step"],
  };
}

/** "" for a manager of which nothing is known. */
function isBackend(value: unknown): value is string {
  return typeof value === "string" && /^(?:\/[^\0\n]*)?$/.test(value) && value.length <= PATH_MAX;
}

function parseImported(value: unknown): Map<string, Imported> | null {
  if (!Array.isArray(value)) return null;
  const imported = new Map<string, Imported>();
  for (const row of value) {
    if (!Array.isArray(row) || row.length !== 3) return null;
    const [name, content, session] = row as unknown[];
    if (typeof name !== "string" || !/^[^=\0\n]{1,1024}$/.test(name)) return null;
    if (typeof content !== "string" || content.length > VALUE_MAX || /[\0\n]/.test(content)) return null;
    if (session !== null && !(isText(session) && isSessionId(session))) return null;
    imported.set(name, { value: content, session });
  }
  return imported;
}
