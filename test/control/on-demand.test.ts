/** Clients that come while the room behind the control socket is not loaded yet. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { controlOnDemand } from "../../daemon/src/control/on-demand.ts";
import { emptyWorld } from "../../daemon/src/core/step.ts";
import { createMemoryKernel, type MemoryKernel } from "../../daemon/src/kernel/memory.ts";
import { policy } from "../core/policy.ts";
import { SOCKET_FD, TestClient } from "./machine.ts";

let kernel: MemoryKernel;
let pid: number;

beforeEach(() => {
  kernel = createMemoryKernel();
  pid = kernel.system.makeProcess({ uid: 0 }).identity.pid;
  const quiet = { info() {}, warn() {}, error() {} };
  controlOnDemand({
    kernel,
    submit() {},
    world: () => emptyWorld(policy),
    now: () => ({ realtime: 0, monotonic: 0 }),
    log: quiet,
    version: "1.2.3",
  }).serve(SOCKET_FD);
});

const call = { method: "org.varlink.service.GetInfo" };

describe("the first client", () => {
  it("is answered in order, whatever it says before the room is there", async () => {
    const client = new TestClient(kernel, pid);
    client.send(call, { method: "org.sessionman.Login.NoSuch" });
    client.raw.send(Buffer.from(JSON.stringify(call)));
    await Promise.resolve();
    client.raw.send(Buffer.from([0]));
    await vi.waitFor(() => expect(client.answers).toHaveLength(3));
    const [first, second, third] = client.answers;
    expect(first).toMatchObject({ parameters: { version: "1.2.3" } });
    expect(second).toMatchObject({ error: "org.varlink.service.MethodNotFound" });
    expect(third).toEqual(first);
    client.send(call);
    await vi.waitFor(() => expect(client.answers).toHaveLength(4));
  });

  it("may leave again, and the next is served", async () => {
    const client = new TestClient(kernel, pid);
    client.send(call);
    client.raw.close();
    const next = new TestClient(kernel, pid);
    next.send(call);
    await vi.waitFor(() => expect(next.answers).toHaveLength(1));
    expect(client.answers).toEqual([]);
  });
});
