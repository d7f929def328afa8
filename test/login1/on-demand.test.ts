/** Two faces of login1, and one count of orders: each gets the core's answers to its own. */

import { expect, it, vi } from "vitest";
import type { Event } from "../../daemon/src/core/events.ts";
import { emptyWorld } from "../../daemon/src/core/step.ts";
import { createMemoryKernel } from "../../daemon/src/kernel/memory.ts";
import { login1OnDemand } from "../../daemon/src/login1/on-demand.ts";
import { policy } from "../core/policy.ts";
import { session } from "../store/sd-login-worlds.ts";

const FD = 8;

function machine() {
  const kernel = createMemoryKernel();
  kernel.system.users.set(1000, { uid: 1000, gid: 1000, name: "alice", groups: [] });
  const submitted: Event[] = [];
  const login1 = login1OnDemand({
    kernel,
    socket: "/there/is/none",
    submit: (event) => void submitted.push(event),
    world: () => emptyWorld(policy),
    now: () => ({ realtime: 1, monotonic: 1 }),
    log: { info() {}, warn() {}, error() {}, severity: 6, setSeverity() {} },
    reload() {},
    version: "1.2.3",
    boot: "",
  });
  login1.serve(FD);
  return { kernel, submitted, login1 };
}

const call = {
  method: "io.systemd.Login.CreateSession",
  parameters: { UID: 1000, Type: "tty", Class: "user_early" },
};

/** A client that has asked for a session, and the number of its order. */
async function ask({ kernel, submitted }: ReturnType<typeof machine>) {
  const client = kernel.dial(FD, kernel.system.makeProcess({ uid: 0 }).identity.pid);
  const before = submitted.length;
  client.send(Buffer.from(`${JSON.stringify(call)}\0`));
  await vi.waitFor(() => expect(submitted).toHaveLength(before + 1));
  const event = submitted.at(-1);
  if (event?.kind !== "session.openRequested") throw new Error(`not a request for a session: ${event?.kind}`);
  expect(event).toMatchObject({ lifetime: false, requester: { room: "login1", call: before + 1 } });
  const answers = () => Buffer.concat(client.received.map(({ bytes }) => bytes)).toString();
  return { client, number: event.requester.call, answers };
}

const opened = (id: string) =>
  ({ outcome: "opened", session: session(id), environment: new Map(), lifetime: false }) as const;

it("answers whom an order was for, in whichever order the core does", async () => {
  const test = machine();
  const [first, second] = [await ask(test), await ask(test)];
  test.login1.port.openReply(second.number, opened("2"));
  expect(first.answers()).toBe("");
  expect(second.answers()).toContain('"Id":"2"');
  test.login1.port.openReply(first.number, opened("1"));
  expect(first.answers()).toContain('"Id":"1"');
  expect(second.answers()).not.toContain('"Id":"1"');
});

it("closes a session that nobody waits for any more", async () => {
  const test = machine();
  const { client, number } = await ask(test);
  client.close();
  await test.kernel.settle();
  test.login1.port.openReply(number, opened("7"));
  expect(test.submitted.at(-1)).toMatchObject({
    kind: "session.closeRequested",
    id: "7",
    reason: "deregistered",
  });
});

it("asks for no session when the caller went away while its user was looked up", async () => {
  const test = machine();
  const found: (() => void)[] = [];
  const lookUp = test.kernel.lookUpUser;
  test.kernel.lookUpUser = (uid, answer) => lookUp(uid, (user) => void found.push(() => answer(user)));
  const client = test.kernel.dial(FD, test.kernel.system.makeProcess({ uid: 0 }).identity.pid);
  client.send(Buffer.from(`${JSON.stringify(call)}\0`));
  await vi.waitFor(() => expect(found).toHaveLength(1));
  client.close();
  await test.kernel.settle();
  for (const answer of found) answer();
  expect(test.submitted).toEqual([]);
});
