/** What the exported state files say, line by line. */

import { describe, expect, it } from "vitest";
import type { Inhibitor } from "../../daemon/src/core/model.ts";
import { newSeat, putSeat } from "../../daemon/src/core/seats.ts";
import { Table } from "../../daemon/src/core/table.ts";
import { changedNames, stateNames } from "../../daemon/src/store/sd-login.ts";
import { fileOf } from "./sd-login-rig.ts";
import {
  CLOSING,
  EMPTY,
  inhibitor,
  OPENING,
  onVt,
  session,
  user,
  withSeat,
  withSession,
  withVt,
  worldOf,
} from "./sd-login-worlds.ts";

const HEADER = "# This is private data. Do not parse.";
const lines = (text: string | null) => (text ?? "none").trimEnd().split("\n");

describe("a session's file", () => {
  it("of a local login on a virtual terminal", () => {
    const world = worldOf(session("3", onVt(1)));
    expect(lines(fileOf(world, "sessions/3"))).toEqual([
      HEADER,
      "UID=1000",
      "USER=u1000",
      "ACTIVE=1",
      "IS_DISPLAY=1",
      "STATE=active",
      "REMOTE=0",
      "TYPE=tty",
      "CLASS=user",
      "SEAT=seat0",
      "TTY=tty1",
      "SERVICE=login",
      "VTNR=1",
      "LEADER=4003",
      "REALTIME=1700000000000003",
      "MONOTONIC=5000003",
    ]);
  });

  it("of a remote login with an X display and a desktop", () => {
    const remote = { remote: true, remoteHost: "192.0.2.7", remoteUser: "bob", tty: "pts/0" };
    const desktop = { display: ":10.0", desktop: "GNOME Classic", service: "sshd" };
    const world = worldOf(session("4", { ...remote, ...desktop }));
    expect(lines(fileOf(world, "sessions/4"))).toEqual(
      expect.arrayContaining([
        "ACTIVE=1",
        "REMOTE=1",
        "TTY=pts/0",
        "DISPLAY=:10.0",
        "REMOTE_HOST=192.0.2.7",
        "REMOTE_USER=bob",
        "DESKTOP=GNOME Classic",
      ]),
    );
    expect(fileOf(world, "sessions/4")).not.toMatch(/^(?:SEAT|VTNR)=/m);
  });

  it("in the background is online, and while it opens it has no display", () => {
    const world = worldOf(session("3", onVt(2)), session("4", { ...onVt(1), stage: OPENING }));
    expect(lines(fileOf(world, "sessions/3"))).toEqual(
      expect.arrayContaining(["ACTIVE=0", "IS_DISPLAY=1", "STATE=online"]),
    );
    expect(lines(fileOf(world, "sessions/4"))).toEqual(
      expect.arrayContaining(["ACTIVE=0", "IS_DISPLAY=0", "STATE=opening"]),
    );
  });

  it("has given up its seat when it closes", () => {
    const text = fileOf(worldOf(session("3", { ...onVt(1), stage: CLOSING })), "sessions/3");
    expect(lines(text)).toEqual(expect.arrayContaining(["ACTIVE=0", "STATE=closing", "TTY=tty1"]));
    expect(text).not.toMatch(/^(?:SEAT|VTNR)=/m);
  });

  it("of a scope without a record has no leader", () => {
    const leader = { pid: 0, start: "", inode: "", executable: "" };
    expect(fileOf(worldOf(session("3", { leader })), "sessions/3")).not.toContain("LEADER");
  });

  it.each([
    ["a b", "a b"],
    [" a", '" a"'],
    ["a ", '"a "'],
    ['say "x"', '"say \\"x\\""'],
    ["it's", `"it's"`],
    ["a\\x20b", '"a\\\\x20b"'],
    ["$HOME `x`", "$HOME `x`"],
    ["'$HOME'", `"'\\$HOME'"`],
    ["müller", "müller"],
    ["a\nUID=0", "a?UID=0"],
    ["a\u001b[0m\ud800", "a?[0m?"],
    ["#x", "#x"],
  ])("gives %j to the readers' parser as %s", (remoteHost, written) => {
    expect(lines(fileOf(worldOf(session("3", { remoteHost })), "sessions/3"))).toContain(
      `REMOTE_HOST=${written}`,
    );
  });
});

describe("a seat's file", () => {
  it("without anybody", () => {
    expect(lines(fileOf(EMPTY, "seats/seat0"))).toEqual([
      HEADER,
      "IS_SEAT0=1",
      "CAN_MULTI_SESSION=1",
      "CAN_TTY=1",
      "CAN_GRAPHICAL=0",
    ]);
  });

  it("names who is in the foreground, and a user once for each session", () => {
    const world = worldOf(
      session("3", onVt(2)),
      session("4", { uid: 1001, ...onVt(1) }),
      session("5", onVt(3)),
    );
    expect(lines(fileOf(world, "seats/seat0")).slice(5)).toEqual([
      "ACTIVE=4",
      "ACTIVE_UID=1001",
      "SESSIONS=3 4 5",
      "UIDS=1000 1001 1000",
    ]);
    expect(fileOf(withVt(world, 6), "seats/seat0")).not.toMatch(/^ACTIVE/m);
  });

  it("without virtual terminals", () => {
    const world = putSeat(EMPTY, newSeat("seat0"));
    expect(lines(fileOf(world, "seats/seat0"))).toContain("CAN_TTY=0");
  });

  it("of another seat than seat0", () => {
    expect(fileOf(EMPTY, "seats/seat1")).toBeNull();
    const world = withSession(
      withSeat(EMPTY, "seat1", { graphical: true, chosen: "3" }),
      session("3", { seat: "seat1", position: 1 }),
    );
    expect(lines(fileOf(world, "seats/seat1"))).toEqual([
      HEADER,
      "IS_SEAT0=0",
      "CAN_MULTI_SESSION=1",
      "CAN_TTY=0",
      "CAN_GRAPHICAL=1",
      "ACTIVE=3",
      "ACTIVE_UID=1000",
      "SESSIONS=3",
      "UIDS=1000",
    ]);
    expect(lines(fileOf(world, "sessions/3"))).toContain("SEAT=seat1");
    expect(fileOf(world, "sessions/3")).not.toMatch(/^VTNR=/m);
  });
});

describe("an inhibitor's file", () => {
  const fileFor = (over: Partial<Inhibitor>) =>
    lines(fileOf({ ...EMPTY, inhibitors: EMPTY.inhibitors.with(7, inhibitor(7, over)) }, "inhibit/7"));

  it("says what is inhibited, by whom, and what it is held by", () => {
    expect(fileFor({ who: "the baker", why: 'bread, "fresh"', mode: "delay" })).toEqual([
      HEADER,
      "WHAT=shutdown:sleep",
      "MODE=delay",
      "UID=1000",
      "PID=4007",
      "WHO=the baker",
      'WHY="bread, \\"fresh\\""',
      "FIFO=/run/sessionman/inhibitors/7.ref",
    ]);
  });

  it("has no line for what was not said", () =>
    expect(fileFor({ who: "", why: "" }).join()).not.toMatch(/WH[OY]/));

  it("is not there without the inhibitor", () => expect(fileOf(EMPTY, "inhibit/7")).toBeNull());
});

describe("a user's file", () => {
  it("lists sessions and seats by what they do", () => {
    const world = worldOf(
      session("3", onVt(2)),
      session("4", onVt(1)),
      session("5", { type: "wayland" }),
      session("6", { ...onVt(3), stage: CLOSING }),
    );
    expect(lines(fileOf(world, "users/1000"))).toEqual([
      HEADER,
      "NAME=u1000",
      "STATE=active",
      "RUNTIME=/run/user/1000",
      "DISPLAY=5",
      "REALTIME=1600000000000000",
      "MONOTONIC=4000000",
      "SESSIONS=3 4 5 6",
      "SEATS=seat0",
      "ACTIVE_SESSIONS=4 5",
      "ONLINE_SESSIONS=3 4 5",
      "ACTIVE_SEATS=seat0",
      "ONLINE_SEATS=seat0",
    ]);
  });

  it("has no empty keys, and no runtime directory that is not there", () => {
    const closing = worldOf(session("3", { stage: CLOSING }));
    const world = {
      ...closing,
      users: closing.users.with(1000, user(1000, { runtime: { state: "removing" } })),
    };
    expect(lines(fileOf(world, "users/1000"))).toEqual([
      HEADER,
      "NAME=u1000",
      "STATE=closing",
      "REALTIME=1600000000000000",
      "MONOTONIC=4000000",
    ]);
  });

  it("tells of a user who lingers", () => {
    const lingering = Table.empty<number, string>().with(1000, "u1000");
    const users = EMPTY.users.with(1000, user(1000));
    expect(lines(fileOf({ ...EMPTY, users, lingering }, "users/1000"))).toContain("STATE=lingering");
  });
});

describe("the names of files", () => {
  const world = worldOf(session("3", onVt(1)), session("4", { uid: 1001 }));

  it("are sessions, then the seat, then users", () => {
    expect(stateNames(world)).toEqual([
      "sessions/3",
      "sessions/4",
      "seats/seat0",
      "users/1000",
      "users/1001",
    ]);
  });

  it("that a login touches are few", () => {
    const after = withSession(world, session("5", { uid: 1001 }));
    expect(changedNames(world, after)).toEqual(["sessions/5", "users/1001"]);
  });

  it("include the session that has the display no longer", () => {
    const after = withSession(world, session("5", { uid: 1001, type: "wayland" }));
    expect(changedNames(world, after)).toContain("sessions/4");
  });

  it("include both sessions that a switch of terminals concerns, and their users", () => {
    const two = withSession(world, session("5", { uid: 1002, ...onVt(2) }));
    expect(changedNames(two, withVt(two, 2)).sort()).toEqual([
      "seats/seat0",
      "sessions/3",
      "sessions/5",
      "users/1000",
      "users/1002",
    ]);
  });
});
