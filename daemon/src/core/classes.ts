/** What sessions of a class and type can do. */

import type { Session, SessionClass, SessionType } from "./model.ts";

const USERS: readonly SessionClass[] = ["user", "user-early", "user-light", "user-early-light"];
const IDLE: ReadonlySet<SessionClass> = new Set([...USERS, "greeter"]);
const LOCK: ReadonlySet<SessionClass> = new Set(USERS);
const GRAPHICS: ReadonlySet<SessionClass> = new Set([...USERS, "greeter", "lock-screen"]);
const GRAPHICAL: ReadonlySet<SessionType> = new Set(["x11", "wayland", "mir"]);

/** Somebody sits in front of it, or does not. */
export const canIdle = (session: Session): boolean => IDLE.has(session.class);
/** It has a screen that can be locked. */
export const canLock = (session: Session): boolean => LOCK.has(session.class);
/** It may become a graphical one, and have the seat's devices. */
export const canTakeDevices = (session: Session): boolean => GRAPHICS.has(session.class);
export const isGraphical = (session: Session): boolean => GRAPHICAL.has(session.type);
