/** What sessions of a class and type can do. */

import type { Session, SessionClass } from "../core/model.ts";

const USERS: readonly SessionClass[] = ["user", "user-early", "user-light", "user-early-light"];
const IDLE: ReadonlySet<SessionClass> = new Set([...USERS, "greeter"]);
const LOCK: ReadonlySet<SessionClass> = new Set(USERS);
const DEVICES: ReadonlySet<SessionClass> = new Set([...USERS, "user-incomplete", "greeter", "lock-screen"]);

export const canIdle = (session: Session): boolean => IDLE.has(session.class);
export const canLock = (session: Session): boolean => LOCK.has(session.class);
export const canTakeDevices = (session: Session): boolean => DEVICES.has(session.class);
