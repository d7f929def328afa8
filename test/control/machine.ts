/** The control server with the real core and loop behind it, on the in-memory kernel. */

import { afterEach, beforeEach, vi } from "vitest";
import { LIMITS } from "../../daemon/src/control/on-demand.ts";
import { createControlServer } from "../../daemon/src/control/server.ts";
import type { Policy, ServicePolicy } from "../../daemon/src/core/configuration.ts";
import type { World } from "../../daemon/src/core/model.ts";
import { emptyWorld } from "../../daemon/src/core/step.ts";
import { createMemoryKernel, type MemoryKernel } from "../../daemon/src/kernel/memory.ts";
import type { MemoryManager } from "../../daemon/src/kernel/memory-manager-process.ts";
import type { MemoryClient } from "../../daemon/src/kernel/memory-sockets.ts";
import type { MemoryProcess } from "../../daemon/src/kernel/memory-system.ts";
import type { Engine } from "../../daemon/src/loop/engine.ts";
import type { StorePort } from "../../daemon/src/loop/ports.ts";
import { emptyStore, startEngine } from "../loop/rig.ts";

export const SOCKET_FD = 5;

export const ALICE = 1000;
export const BOB = 1001;

/** Nobody has a service manager unless the test asks for one. */
const services: ServicePolicy = {
  default: { backend: "", linger: "per-user" },
  groups: [],
  users: new Map(),
  classes: ["user"],
  rootSession: false,
  selfLinger: true,
  loginTimeoutMs: 0,
  startTimeoutMs: 90_000,
  stopTimeoutMs: 20_000,
  termTimeoutMs: 10_000,
  startsAtOnce: 16,
};

export const withManagers = (over: Partial<ServicePolicy> = {}): Partial<Policy> => ({
  services: { ...services, default: { backend: "/lib/backends/s6", linger: "per-user" }, ...over },
});

const policy: Policy = {
  killUserProcesses: false,
  killOnlyUsers: [],
  killExcludeUsers: [],
  stopTimeoutMs: 10_000,
  sessionsMax: 8192,
  sessionsMaxPerUser: 1024,
  runtimeDirectories: "/run/user",
  trustedServices: ["lightdm"],
  runtimeDirectoryBytes: 1 << 20,
  runtimeDirectoryInodes: 1024,
  limits: { default: {}, groups: [], users: new Map() },
  vts: { automatic: 0, reserved: 0, getty: [] },
  services,
};

export interface Answer {
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly continues?: boolean;
}

/** The client's end of one connection. */
export class TestClient {
  readonly raw: MemoryClient;
  readonly #kernel: MemoryKernel;

  constructor(kernel: MemoryKernel, pid: number) {
    this.#kernel = kernel;
    this.raw = kernel.dial(SOCKET_FD, pid);
  }

  get answers(): Answer[] {
    const text = Buffer.concat(this.raw.received.map(({ bytes }) => bytes)).toString();
    return text
      .split("\0")
      .slice(0, -1)
      .map((message) => JSON.parse(message) as Answer);
  }

  get fds(): number[] {
    return this.raw.received.flatMap(({ fds }) => [...fds]);
  }

  send(...messages: readonly unknown[]): void {
    this.raw.send(Buffer.from(messages.map((message) => `${JSON.stringify(message)}\0`).join("")));
  }

  /** Sends one call and gives the answer to it. */
  async call(method: string, parameters?: object, flags: object = {}): Promise<Answer> {
    const before = this.answers.length;
    this.send({
      method: method.includes(".") ? method : `org.sessionman.Login.${method}`,
      parameters,
      ...flags,
    });
    await this.#kernel.settle();
    const answer = this.answers[before];
    if (answer === undefined) throw new Error(`no answer to ${method}`);
    return answer;
  }
}

export class Machine {
  readonly kernel = createMemoryKernel();
  readonly engine: Engine;
  readonly log: string[] = [];
  /** Microseconds since boot. */
  now = 1_000_000;
  worlds: World[] = [];
  /** The files of lingering users. */
  readonly lingering = new Map<number, string>();
  readonly store: StorePort = {
    ...emptyStore,
    saveLinger: (uid, name, done) => {
      this.lingering.set(uid, name);
      done(null);
    },
    eraseLinger: (uid, done) => {
      this.lingering.delete(uid);
      done(null);
    },
  };

  constructor(over: Partial<Policy> = {}) {
    const { kernel } = this;
    for (const [uid, name] of [
      [0, "root"],
      [ALICE, "alice"],
      [BOB, "bob"],
    ] as const) {
      kernel.system.users.set(uid, { uid, gid: uid, name, groups: [] });
    }
    const now = () => ({ realtime: this.now, monotonic: this.now });
    const note = (message: string) => void this.log.push(message);
    const log = { info: note, warn: note, error: note };
    const control = createControlServer({
      kernel,
      submit: (event) => this.engine.submit(event),
      world: () => this.engine.world(),
      now,
      log,
      version: "1.2.3",
    });
    this.engine = startEngine(
      { kernel, world: { ...emptyWorld({ ...policy, ...over }), reservedIds: 1000 }, now, log },
      {
        store: this.store,
        replies: { control: control.replies },
        publish: (before, after) => control.published(before, after),
      },
    );
    kernel.listen(SOCKET_FD, LIMITS, (connection) => control.accept(connection));
  }

  process(uid: number, options: Partial<Omit<MemoryProcess, "identity" | "holds">> = {}): number {
    return this.kernel.system.makeProcess({ uid, ...options }).identity.pid;
  }

  client(pid: number): TestClient {
    return new TestClient(this.kernel, pid);
  }

  /** The same by a new process of that user's. */
  connect(...process: Parameters<Machine["process"]>): TestClient {
    return this.client(this.process(...process));
  }

  /** A session of a class that has a manager started. */
  login(uid: number): Promise<{ id: string; leader: number }> {
    return this.session(uid, { class: "user" });
  }

  manager(uid: number): MemoryManager {
    const found = this.kernel.system.managers.get(uid);
    if (found === undefined) throw new Error(`user ${uid} has no manager`);
    return found;
  }

  /** A session of that user on a virtual terminal; its id. */
  async terminalSession(uid: number, vt: number): Promise<string> {
    const leader = this.process(uid, { terminal: `tty${vt}` });
    const client = this.connect(uid, { parent: leader });
    const { parameters } = await client.call("Register", { holder: false });
    client.raw.close();
    const session = parameters?.session as { id: string } | undefined;
    return session?.id ?? "";
  }

  /** The screen shows that terminal. */
  async show(vt: number): Promise<void> {
    this.kernel.system.switchVt(vt);
    await this.kernel.settle();
  }

  /** A session of that user, led by a new shell; its id and its leader. */
  async session(uid: number, wanted: object = {}): Promise<{ id: string; leader: number }> {
    const leader = this.process(uid, { command: "sh" });
    const client = this.connect(uid === 0 ? 0 : uid, { parent: leader });
    const answer = await client.call("Register", { holder: false, ...wanted });
    const session = answer.parameters?.session as { id: string } | undefined;
    if (session === undefined) throw new Error(`no session: ${JSON.stringify(answer)}`);
    client.raw.close();
    return { id: session.id, leader };
  }
}

/** For each test another one, and a client of alice's. */
export function useMachine(taken: (machine: Machine, client: TestClient) => void): void {
  beforeEach(() => {
    const machine = new Machine();
    taken(machine, machine.connect(ALICE));
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}
