/** Which session stands for a user, and when a user counts as active. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  displaySession,
  isActive,
  isDisplay,
  loginState,
  seatOfSession,
  viewUser,
} from "../../daemon/src/core/display.ts";
import type { Session, World } from "../../daemon/src/core/model.ts";
import { sessionState, sessionsOf, userState } from "../../daemon/src/core/select.ts";
import {
  CLOSING,
  OPENING,
  onVt,
  RUNNING,
  session,
  user,
  withSession,
  worldOf,
} from "../store/sd-login-worlds.ts";

const display = (world: World): string | null =>
  displaySession(world, world.users.get(1000) ?? user(1000))?.id ?? null;
const state = (world: World): string => loginState(world, world.users.get(1000) ?? user(1000));

/** Of two sessions of one user the second is the better one, whichever came first. */
const contests: readonly (readonly [string, Partial<Session>, Partial<Session>])[] = [
  ["a terminal beats nothing", { type: "unspecified" }, { type: "tty" }],
  ["the web beats nothing", { type: "unspecified" }, { type: "web" }],
  ["a terminal beats the web", { type: "web" }, { type: "tty" }],
  ["a graphical session beats a terminal", { type: "tty" }, { type: "wayland" }],
  ["class user beats user-early", { class: "user-early", type: "x11" }, { class: "user" }],
  ["user-early beats greeter", { class: "greeter", type: "x11" }, { class: "user-early" }],
  ["greeter beats background", { class: "background", type: "x11" }, { class: "greeter" }],
  ["user-light beats lock-screen", { class: "lock-screen", type: "x11" }, { class: "user-light" }],
  ["of equals one with a seat", { type: "tty" }, { type: "tty", ...onVt(2) }],
  ["running beats opening", { type: "x11", stage: OPENING }, { type: "tty" }],
  ["running beats closing", { type: "x11", stage: CLOSING }, { type: "tty" }],
];

describe("the display", () => {
  it.each(contests)("%s", (_what, worse, better) => {
    expect(display(worldOf(session("1", worse), session("2", better)))).toBe("2");
    expect(display(worldOf(session("1", better), session("2", worse)))).toBe("1");
  });

  it("stays with the older of equals", () => {
    expect(display(worldOf(session("9"), session("10")))).toBe("9");
  });

  it.each([
    "background",
    "background-light",
    "manager",
    "manager-early",
    "lock-screen",
    "user-incomplete",
  ] as const)("is never a session of class %s", (kind) =>
    expect(display(worldOf(session("1", { class: kind })))).toBeNull(),
  );

  it("is what isDisplay says", () => {
    const world = worldOf(session("1"), session("2", { uid: 1001 }));
    for (const each of world.sessions.values()) expect(isDisplay(world, each)).toBe(true);
    const third = session("3");
    expect(isDisplay(withSession(world, third), third)).toBe(false);
  });
});

describe("a session", () => {
  it("without a seat is active from beginning to end", () => {
    for (const stage of [OPENING, CLOSING]) {
      const world = worldOf(session("1", { stage }));
      expect([...world.sessions.values()].map((each) => isActive(world, each))).toEqual([true]);
    }
  });

  it("that closes is no longer active by the seat it had, and has none", () => {
    const closing = session("1", { ...onVt(1), stage: CLOSING });
    expect(isActive(worldOf(closing), closing)).toBe(false);
    expect(seatOfSession(closing)).toBeNull();
  });
});

describe("a user", () => {
  it("is active in the foreground of a seat", () =>
    expect(state(worldOf(session("1", onVt(1))))).toBe("active"));

  it("is active from elsewhere if that is all there is", () => {
    expect(state(worldOf(session("1", { remote: true })))).toBe("active");
  });

  it("in the background of a seat does not become active by a login from elsewhere", () => {
    expect(state(worldOf(session("1", onVt(2)), session("2", { remote: true })))).toBe("online");
  });

  it("is active again once the session in the background closes", () => {
    const world = worldOf(session("1", { ...onVt(2), stage: CLOSING }), session("2", { remote: true }));
    expect(state(world)).toBe("active");
  });

  it("is closing or opening as the core says", () => {
    expect(state(worldOf(session("1", { stage: CLOSING })))).toBe("closing");
    expect(state(worldOf(session("1", { stage: OPENING })))).toBe("opening");
  });

  it("has the state and the lists that follow from each session, one by one", () => {
    const some = fc.record({
      place: fc.constantFrom({}, onVt(1), onVt(2)),
      stage: fc.constantFrom(OPENING, RUNNING, RUNNING, CLOSING),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 5 }), (picked) => {
        const world = worldOf(
          ...picked.map(({ place, stage }, i) => session(String(i + 1), { ...place, stage })),
        );
        const known = world.users.get(1000) ?? user(1000);
        const online = sessionsOf(world, known).filter(({ stage }) => stage.phase !== "closing");
        const seated = online.filter(({ seat }) => seat !== null);
        const shown = seated.some((each) => sessionState(world, each) === "active");
        const behind = userState(world, known) === "active" && seated.length > 0 && !shown;
        expect(viewUser(world, known)).toEqual({
          state: behind ? "online" : userState(world, known),
          sessions: [...known.sessions],
          online: online.map(({ id }) => id),
          active: online.filter((each) => isActive(world, each)).map(({ id }) => id),
          onlineSeats: seated.length > 0 ? ["seat0"] : [],
          activeSeats: shown ? ["seat0"] : [],
        });
      }),
    );
  });
});
