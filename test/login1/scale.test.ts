/** 5,000 sessions of 500 users stay within what the bus lets through, and one more costs as much as the first. */

import { describe, expect, it } from "vitest";
import type { Caller } from "../../daemon/src/bus/call.ts";
import { encode } from "../../daemon/src/bus/codec.ts";
import type { Session, User, World } from "../../daemon/src/core/model.ts";
import { Table } from "../../daemon/src/core/table.ts";
import { difference } from "../../daemon/src/login1/difference.ts";
import { listSessions, listSessionsEx, listUsers } from "../../daemon/src/login1/lists.ts";
import { MANAGER_PATH } from "../../daemon/src/login1/paths.ts";
import type { Room } from "../../daemon/src/login1/room.ts";
import { createLogin1Tree } from "../../daemon/src/login1/tree.ts";
import { EMPTY, session, user, withSession } from "../store/sd-login-worlds.ts";
import { room } from "./worlds.ts";

const SESSIONS = 5000;
const USERS = 500;
/** What the daemon may have waiting for the bus, and far below what the bus takes. */
const MESSAGE_MAX = 4 * 1024 * 1024;

function full(): World {
  let sessions = Table.empty<string, Session>();
  const of = new Map<number, Set<string>>();
  for (let i = 1; i <= SESSIONS; i++) {
    const uid = 1000 + (i % USERS);
    sessions = sessions.with(String(i), session(String(i), { uid, tty: `pts/${i}` }));
    of.set(uid, (of.get(uid) ?? new Set()).add(String(i)));
  }
  let users = Table.empty<number, User>();
  for (const [uid, ids] of of) users = users.with(uid, user(uid, { sessions: ids }));
  return { ...EMPTY, sessions, users };
}

const world = full();
const call = {} as Parameters<typeof listSessions>[1];

describe(`${SESSIONS} sessions of ${USERS} users`, () => {
  it.each([
    ["ListSessions", listSessions],
    ["ListSessionsEx", listSessionsEx],
    ["ListUsers", listUsers],
  ] as const)("%s fits into a message, and is made once", (_name, list) => {
    const body = list({ room, world }, call) as { readonly bytes: Uint8Array };
    expect(body.bytes.length).toBeGreaterThan(1000);
    expect(body.bytes.length).toBeLessThan(MESSAGE_MAX);
    expect(list({ room, world }, call)).toBe(body);
  });

  it("the names of all objects fit into an answer", () => {
    const here: Room = {
      ...room,
      world: () => world,
      tracker: { sessionOf: () => null, autoOf: () => null, ownerOf: () => null } as never,
    };
    const tree = createLogin1Tree(here);
    const names = tree.children(`${MANAGER_PATH}/session`, { pid: 1 } as Caller);
    expect(names).toHaveLength(SESSIONS);
    expect(encode("s", [names.map((name) => `<node name="${name}"/>`).join("")]).length).toBeLessThan(
      MESSAGE_MAX,
    );
  });

  it("one more login is told without reading all others", () => {
    const after = withSession(world, session("9000", { uid: 1007 }));
    const begin = performance.now();
    for (let i = 0; i < 20; i++) expect(difference(room, world, after).length).toBeLessThan(5);
    expect((performance.now() - begin) / 20).toBeLessThan(20);
  });
});
