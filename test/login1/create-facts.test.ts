/** CreateSession's arguments: which are refused, and where the session is. */

import { describe, expect, it } from "vitest";
import { NOTHING_ASKED } from "../../daemon/src/core/session-limits.ts";
import {
  type CreateArguments,
  checkArguments,
  sessionFacts,
  Unfit,
} from "../../daemon/src/login1/create-facts.ts";

const plain: CreateArguments = {
  uid: 1000,
  service: "lightdm",
  type: "",
  class: "",
  desktop: "",
  seat: "",
  vtnr: 0,
  tty: "",
  display: "",
  remote: false,
  remoteUser: "",
  remoteHost: "",
  limits: NOTHING_ASKED,
};

const withVts = { seats: new Set(["seat0", "seat1"]), hasVts: true };
const withoutVts = { ...withVts, hasVts: false };

function outcome(over: Partial<CreateArguments>, around = withVts): string {
  try {
    const { seat, vtnr } = checkArguments({ ...plain, ...over }, around);
    return `${seat} ${vtnr}`;
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return error.problem === "invalid" ? `not ${error.argument}` : error.problem;
  }
}

describe("where the session is", () => {
  it.each<[Partial<CreateArguments>, string]>([
    [{}, "null 0"],
    [{ seat: "seat0", vtnr: 7 }, "seat0 7"],
    [{ tty: "tty3" }, "seat0 3"],
    [{ tty: "/dev/tty3" }, "seat0 3"],
    [{ tty: "tty3", seat: "seat0", vtnr: 3 }, "seat0 3"],
    [{ tty: "pts/3" }, "null 0"],
    [{ tty: "ttyS0" }, "null 0"],
    [{ seat: "seat1" }, "seat1 0"],
    [{ tty: "tty64" }, "null 0"],
  ])("%j", (over, expected) => {
    expect(outcome(over)).toBe(expected);
  });

  it.each<[Partial<CreateArguments>, string]>([
    [{ seat: "seat0" }, "seat0 0"],
    [{ tty: "console" }, "seat0 0"],
    [{ seat: "seat0", vtnr: 1 }, "not vtnr"],
  ])("%j without virtual terminals", (over, expected) => {
    expect(outcome(over, withoutVts)).toBe(expected);
  });
});

describe("what is refused", () => {
  it.each<[Partial<CreateArguments>, string]>([
    [{ uid: 65535 }, "not uid"],
    [{ uid: 4294967295 }, "not uid"],
    [{ type: "x12" }, "not type"],
    [{ class: "root" }, "not class"],
    [{ desktop: "a\\b" }, "not desktop"],
    [{ desktop: "a\nb" }, "not desktop"],
    [{ seat: "seat2" }, "no-such-seat"],
    [{ seat: "self" }, "no-such-seat"],
    [{ tty: "tty3", seat: "seat1" }, "not seat"],
    [{ tty: "tty3", vtnr: 4 }, "not vtnr"],
    [{ tty: "console" }, "not vtnr"],
    [{ tty: "console", seat: "seat1" }, "not seat"],
    [{ tty: "console", vtnr: 1 }, "not vtnr"],
    [{ seat: "seat0" }, "not vtnr"],
    [{ seat: "seat0", vtnr: 64 }, "not vtnr"],
    [{ seat: "seat1", vtnr: 1 }, "not vtnr"],
    [{ vtnr: 1 }, "not vtnr"],
  ])("%j", (over, expected) => {
    expect(outcome(over)).toBe(expected);
  });
});

it("takes the account for who it is, and root's words for the rest", () => {
  const account = { uid: 1000, gid: 100, name: "alice", groups: [100, 27] };
  const given = { ...plain, type: "x11", class: "greeter", desktop: "KDE", tty: "tty3", display: ":0" };
  expect(sessionFacts(given, { seat: "seat0", vtnr: 3 }, account)).toMatchObject({
    uid: 1000,
    gid: 100,
    user: "alice",
    groups: [100, 27],
    service: "lightdm",
    told: { seat: "seat0", vtnr: 3, remote: false },
    asked: { type: "x11", class: "greeter", desktop: "KDE" },
  });
});
