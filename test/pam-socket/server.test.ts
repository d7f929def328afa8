/** The server of the PAM socket on the in-memory kernel. */

import { expect, it } from "vitest";
import type { OpenResult } from "../../daemon/src/core/effects.ts";
import type { Event } from "../../daemon/src/core/events.ts";
import type { ProcessIdentity, Session } from "../../daemon/src/core/model.ts";
import { emptyWorld } from "../../daemon/src/core/step.ts";
import { createMemoryKernel } from "../../daemon/src/kernel/memory.ts";
import { PamServer } from "../../daemon/src/pam-socket/server.ts";
import { policy } from "../core/policy.ts";

const SOCKET_FD = 4;
const WORLD = emptyWorld(policy);
const world = () => WORLD;

it("does not let who breaks the protocol fill the log", async () => {
  const kernel = createMemoryKernel();
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  let microseconds = 0;
  const server = new PamServer({
    kernel,
    submit: () => {},
    world,
    now: () => ({ realtime: microseconds, monotonic: microseconds }),
    log: { info: note, warn: note, error: note },
  });
  server.serve(SOCKET_FD);
  const { pid } = kernel.system.makeProcess({ uid: 0 }).identity;
  const misbehave = async () => {
    const client = kernel.dial(SOCKET_FD, pid);
    client.send(Buffer.from("rubbish"));
    await kernel.settle();
    expect(client.closed).toBe(true);
  };

  for (let i = 0; i < 60; i++) await misbehave();
  expect(lines).toHaveLength(20);
  expect(lines[0]).toContain(`process ${pid} broke the PAM protocol`);
  microseconds += 30_000_000;
  await misbehave();
  expect(lines.slice(20)).toEqual(["40 more messages about user 0 were left out", lines[0]]);
});

/** A server whose events are collected, and one module that asked for a session. */
async function asked() {
  const kernel = createMemoryKernel();
  const events: Event[] = [];
  const at = { realtime: 1, monotonic: 1 };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const submit = (event: Event) => void events.push(event);
  const server = new PamServer({ kernel, submit, world, now: () => at, log });
  server.serve(SOCKET_FD);
  const { identity } = kernel.system.makeProcess({ uid: 0 });
  const client = kernel.dial(SOCKET_FD, identity.pid);
  const nonce = "0123456789abcdef0123456789abcdef";
  client.send(
    Buffer.from(`sessionman 1\nOP=open\0NONCE=${nonce}\0USER=alice\0UID=1000\0GID=1000\0SERVICE=login\0`),
  );
  await kernel.settle();
  const request = events[0];
  if (request?.kind !== "session.openRequested") throw new Error("no request arrived");
  return { kernel, server, client, events, call: request.requester.call, identity };
}

function opened(leader: ProcessIdentity): OpenResult {
  const session = { id: "7", leader } as Session;
  return { outcome: "opened", session, environment: new Map([["XDG_SESSION_ID", "7"]]), lifetime: true };
}

it("takes back a session whose module has gone meanwhile", async () => {
  const { kernel, server, client, events, call, identity } = await asked();
  client.close();
  await kernel.settle();
  server.replies.openReply(call, opened(identity));
  expect(events.slice(1)).toMatchObject([
    { kind: "session.closeRequested", id: "7", caller: { uid: 0, pid: identity.pid } },
  ]);
});

it("takes back a session whose lifetime fd it cannot give", async () => {
  const { server, events, call, identity } = await asked();
  server.replies.openReply(call, opened(identity));
  expect(events.slice(1)).toMatchObject([
    { kind: "session.closeRequested", id: "7", reason: "deregistered" },
  ]);
});

it.each([
  ["has no other terminal", "", 2],
  ["has that terminal", "tty2", 2],
  ["has another terminal", "pts/3", 0],
])("gives the virtual terminal of PAM_TTY to a login program that %s", async (_what, terminal, vt) => {
  const { kernel, events } = await asked();
  const { identity } = kernel.system.makeProcess({ uid: 0, terminal });
  const client = kernel.dial(SOCKET_FD, identity.pid);
  const nonce = "f123456789abcdef0123456789abcdef";
  client.send(
    Buffer.from(`sessionman 1\nOP=open\0NONCE=${nonce}\0USER=bob\0UID=1001\0GID=1001\0TTY=/dev/tty2\0`),
  );
  await kernel.settle();
  expect(events[1]).toMatchObject({ kind: "session.openRequested", facts: { ttyVt: vt } });
});
