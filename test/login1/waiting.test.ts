/** Calls that wait: for polkit, for the user database, for the core. Meanwhile the World goes on and callers leave. */

import { describe, expect, it } from "vitest";
import type { Event } from "../../daemon/src/core/events.ts";
import * as actions from "../../daemon/src/login1/actions.ts";
import { withoutSession, withVt } from "../store/sd-login-worlds.ts";
import { asCall, BOB, nameOf, TestCall, TestRoom } from "./calls.ts";

describe("while polkit thinks", () => {
  it("the session may end: there is none then", async () => {
    const test = new TestRoom();
    test.now = withVt(test.now, 2);
    const outcome = nameOf(actions.activate(test.room, test.session("3"), asCall(new TestCall(BOB))));
    test.now = withoutSession(test.now, "3");
    test.answerOfPolkit("yes");
    expect(await outcome).toBe("NoSuchSession");
    expect(test.submitted).toEqual([]);
  });

  it("the caller may leave: nothing is done for them", async () => {
    const test = new TestRoom();
    const call = new TestCall(BOB, ["all", 15]);
    const outcome = nameOf(actions.kill(test.room, test.session("3"), asCall(call)));
    call.caller.gone = true;
    test.answerOfPolkit("yes");
    expect(await outcome).toBe("AccessDenied");
    expect(test.submitted).toEqual([]);
  });

  it.each([
    ["no", "AccessDenied"],
    ["challenge", "InteractiveAuthorizationRequired"],
  ] as const)("%s is %s", async (answer, expected) => {
    const test = new TestRoom();
    const outcome = nameOf(actions.terminate(test.room, test.session("3"), asCall(new TestCall(BOB))));
    test.answerOfPolkit(answer);
    expect(await outcome).toBe(expected);
    expect(test.submitted).toEqual([]);
  });

  it("what it allows is allowed as if root had asked", async () => {
    const test = new TestRoom();
    const outcome = actions.terminate(test.room, test.session("3"), asCall(new TestCall(BOB)));
    test.answerOfPolkit("yes");
    await outcome;
    expect(test.submitted).toMatchObject([{ id: "3", caller: { uid: 0, pid: 4711 } }]);
  });

  it("owners and root are not kept waiting, and stay who they are", async () => {
    for (const uid of [0, BOB]) {
      const test = new TestRoom();
      await actions.terminate(test.room, test.session("4"), asCall(new TestCall(uid)));
      expect(test.submitted).toMatchObject([{ id: "4", caller: { uid, pid: 4711 } }]);
    }
  });
});

it("what is in front already may be brought there by anybody", async () => {
  const test = new TestRoom();
  const call = asCall(new TestCall(BOB));
  expect(await actions.activate(test.room, test.session("3"), call)).toEqual([]);
  expect(test.submitted).toEqual([]);
});

describe("an answer of the core", () => {
  const opened = (test: TestRoom) => ({
    outcome: "opened" as const,
    session: test.session("3"),
    environment: new Map(),
    lifetime: true,
  });

  it("goes to whom it belongs to, once", () => {
    const test = new TestRoom();
    const call = new TestCall(0);
    test.orders.order(
      asCall(call),
      (requester) => ({ kind: "session.terminateRequested", requester }) as Event,
    );
    test.orders.callReply(1, { ok: false, refusal: "no-such-session", message: "there is no session 3" });
    expect(call.error).toBe("NoSuchSession");
    expect(() => test.orders.callReply(1, { ok: true, id: "3" })).not.toThrow();
  });

  it("that opens a session for somebody who has left gives the session back", () => {
    const test = new TestRoom();
    const call = new TestCall(0);
    test.orders.open(
      asCall(call),
      (requester) => ({ kind: "ids.reserved", requester }) as never,
      () => [],
    );
    call.caller.gone = true;
    test.orders.openReply(1, opened(test));
    test.orders.openReply(2, opened(test));
    expect(test.unclaimed).toEqual(["3", "3"]);
    expect(call.answered).toBe(false);
  });

  it("that a bug of ours spoils is told to the log, and little to the caller", () => {
    const test = new TestRoom();
    const call = new TestCall(0);
    const fail = () => {
      throw new TypeError("secret");
    };
    test.orders.open(asCall(call), () => ({ kind: "ids.reserved", below: 1 }), fail);
    test.orders.openReply(1, opened(test));
    expect(call.error).toBe("Failed");
    expect(test.bugs).toHaveLength(1);
    expect(test.unclaimed).toEqual(["3"]);
  });
});
