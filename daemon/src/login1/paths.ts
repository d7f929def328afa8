/** Where the objects are. */

import { escapeLabel } from "../bus/labels.ts";
import type { SessionId, Uid } from "../core/model.ts";

export const SERVICE = "org.freedesktop.login1";
export const MANAGER_PATH = "/org/freedesktop/login1";
export const LOG_CONTROL_PATH = "/org/freedesktop/LogControl1";
export const SESSIONS_PATH = `${MANAGER_PATH}/session`;
export const SEATS_PATH = `${MANAGER_PATH}/seat`;
export const USERS_PATH = `${MANAGER_PATH}/user`;

/** What (so) shows where there is nothing. */
export const NOTHING = ["", "/"] as const;

/** Ids are numbers but for those of the future: of a number only the first digit is escaped, "12" is "_312". */
export function sessionPath(id: SessionId): string {
  return /^[0-9]+$/.test(id) ? `${SESSIONS_PATH}/_3${id}` : `${SESSIONS_PATH}/${escapeLabel(id)}`;
}

export function seatPath(id: string): string {
  return `${SEATS_PATH}/${escapeLabel(id)}`;
}

export function userPath(uid: Uid): string {
  return `${USERS_PATH}/_${uid}`;
}
