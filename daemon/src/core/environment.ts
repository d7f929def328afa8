/**
 * Variables that users import into their services, such as where the display is. They are kept for the next manager,
 * too. A variable belongs to the session it was imported from last and goes with that session; what it replaced does
 * not come back. What a user's services do with LD_PRELOAD or PATH is the user's business: they run as the user.
 *
 *   graphical: off --WAYLAND_DISPLAY or DISPLAY is not empty--> on --both are empty or gone--> off
 *
 * Written down, then told, when a variable comes; told, then written down, when it goes: after a crash between the two
 * it is told again. A running manager is told changes, one that comes to run is told everything.
 */

import { answer, deny } from "./answers.ts";
import type { Effect } from "./effects.ts";
import type { Event } from "./events.ts";
import type { Imported, SessionId, Uid, User, World } from "./model.ts";
import { isWellFormed } from "./names.ts";
import { chain, type Step, same, saveUser } from "./outcome.ts";
import { mayControl } from "./policy.ts";

type Import = Extract<Event, { kind: "environment.imported" }>;
type Variables = ReadonlyMap<string, Imported>;

const DISPLAYS = ["WAYLAND_DISPLAY", "DISPLAY"];

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;
const VALUE_BYTES = 4096;
const VARIABLES = 64;
/** Of all names and values together, with the "=" and the NUL of each. */
const TOTAL_BYTES = 16384;

export function environmentImported(world: World, event: Import): Step {
  const { requester, uid } = event;
  const user = world.users.get(uid);
  if (!mayControl(event.caller, uid)) {
    const message = `only root and user ${uid} may import variables into these services`;
    return deny(world, requester, "not-allowed", message);
  }
  if (user === undefined) return deny(world, requester, "no-such-user", `user ${uid} has no session`);
  if (event.session !== null && !isLiveOf(world, uid, event.session)) {
    return deny(world, requester, "no-such-session", `user ${uid} has no session ${event.session}`);
  }
  const wrong = findFault(event);
  if (wrong !== null) return deny(world, requester, "invalid", wrong);
  const imported = merge(user.imported, event);
  const limit = overLimit(imported);
  if (limit !== null) return deny(world, requester, "limits", limit);
  return chain(
    world,
    (now) => change(now, user, imported),
    (now) => answer(now, requester, { ok: true, id: event.session ?? "" }),
  );
}

/** The session has ended, and what it imported goes. */
export function dropImported(world: World, uid: Uid, id: SessionId): Step {
  return keepImported(world, uid, ({ session }) => session !== id);
}

/** After a restart: what sessions imported that are gone goes, and the rest is told, which it may not have been. */
export function tellAgain(world: World, uid: Uid): Step {
  const isLive = ({ session }: Imported) => session === null || isLiveOf(world, uid, session);
  return chain(
    world,
    (now) => keepImported(now, uid, isLive),
    (now) => {
      const user = now.users.get(uid);
      return { world: now, effects: user?.manager.state === "running" ? allImported(user) : [] };
    },
  );
}

function keepImported(world: World, uid: Uid, stays: (variable: Imported) => boolean): Step {
  const user = world.users.get(uid);
  if (user === undefined || user.imported.size === 0) return same(world);
  const kept = new Map([...user.imported].filter(([, variable]) => stays(variable)));
  return kept.size === user.imported.size ? same(world) : change(world, user, kept);
}

/** What a manager is told that has just come to run. */
export function allImported({ uid, imported }: User): Effect[] {
  const effects: Effect[] = [];
  if (imported.size > 0)
    effects.push({ kind: "manager.environment", uid, set: valuesOf(imported, () => true), unset: [] });
  if (hasDisplay(imported)) effects.push({ kind: "manager.graphical", uid, phase: "start" });
  return effects;
}

function change(world: World, user: User, next: Variables): Step {
  const { uid, imported: last } = user;
  const owner = DISPLAYS.map((name) => next.get(name)).find((display) => display?.value);
  const changed: User = { ...user, imported: next, graphical: owner?.session ?? null };
  const isTold = user.manager.state === "running";
  const unset = [...last.keys()].filter((name) => !next.has(name));
  const set = valuesOf(next, (name, value) => last.get(name)?.value !== value);
  const before: Effect[] = [];
  const after: Effect[] = [];
  if (hasDisplay(last) && !hasDisplay(next)) before.push({ kind: "manager.graphical", uid, phase: "stop" });
  if (unset.length > 0) before.push({ kind: "manager.environment", uid, set: new Map(), unset });
  if (set.size > 0) after.push({ kind: "manager.environment", uid, set, unset: [] });
  if (hasDisplay(next) && !hasDisplay(last)) after.push({ kind: "manager.graphical", uid, phase: "start" });
  return chain(
    world,
    (now) => ({ world: now, effects: isTold ? before : [] }),
    (now) => saveUser(now, changed),
    (now) => ({ world: now, effects: isTold ? after : [] }),
  );
}

function hasDisplay(variables: Variables): boolean {
  return DISPLAYS.some((name) => (variables.get(name)?.value ?? "") !== "");
}

function valuesOf(
  variables: Variables,
  wanted: (name: string, value: string) => boolean,
): ReadonlyMap<string, string> {
  const values = [...variables].map(([name, { value }]) => [name, value] as const);
  return new Map(values.filter(([name, value]) => wanted(name, value)));
}

function merge(last: Variables, { set, unset, session }: Import): Variables {
  const next = new Map(last);
  for (const name of unset) next.delete(name);
  for (const [name, value] of set) next.set(name, { value, session });
  return next;
}

function isLiveOf(world: World, uid: Uid, id: SessionId): boolean {
  const session = world.sessions.get(id);
  return session !== undefined && session.uid === uid && session.stage.phase !== "closing";
}

/** Values are never shown: they may be secrets. */
function findFault({ set, unset }: Import): string | null {
  for (const name of [...set.keys(), ...unset]) {
    if (!NAME.test(name)) return `${JSON.stringify(name.slice(0, 64))} is no name of a variable`;
  }
  for (const [name, value] of set) {
    if (/[\0\n]/.test(value) || !isWellFormed(value))
      return `the value of ${name} has a NUL, a newline or half a character`;
    if (bytesOf(value) > VALUE_BYTES) return `the value of ${name} is longer than ${VALUE_BYTES} bytes`;
  }
  return null;
}

function overLimit(variables: Variables): string | null {
  if (variables.size > VARIABLES) return `more than ${VARIABLES} variables would be imported`;
  let total = 0;
  for (const [name, { value }] of variables) total += name.length + bytesOf(value) + 2;
  return total > TOTAL_BYTES ? `the imported variables would be longer than ${TOTAL_BYTES} bytes` : null;
}

/** In UTF-8. */
function bytesOf(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
