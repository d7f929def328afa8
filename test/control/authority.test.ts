import { beforeEach, describe, expect, it } from "vitest";
import { methods } from "../../daemon/src/control/interface.ts";
import { ALICE, type Answer, BOB, Machine } from "./machine.ts";

const OURS = "org.sessionman.Login";
const DENIED = "org.varlink.service.PermissionDenied";

let machine: Machine;
/** A session of alice's. */
let target: { id: string; leader: number };

beforeEach(async () => {
  machine = new Machine();
  target = await machine.session(ALICE, { type: "tty" });
});

const callers = { root: 0, owner: ALICE, other: BOB } as const;
type Who = keyof typeof callers;

/** Who may do it to alice's session. */
const orders: readonly [method: string, parameters: () => object, may: readonly Who[]][] = [
  ["TerminateSession", () => ({ id: target.id }), ["root", "owner"]],
  ["TerminateUser", () => ({ uid: ALICE }), ["root", "owner"]],
  ["KillSession", () => ({ id: target.id, whom: "all", signal: 15 }), ["root", "owner"]],
  ["KillSession", () => ({ id: target.id, whom: "leader", signal: 9 }), ["root", "owner"]],
  ["Deregister", () => ({ id: target.id }), ["root", "owner"]],
];

/** The same of what leaves the session as it is. */
const wishes: typeof orders = [
  ["LockSession", () => ({ id: target.id }), ["root", "owner"]],
  ["UnlockSession", () => ({ id: target.id }), ["root", "owner"]],
];

/** Who may do it to alice, and whether it was done. */
const ofUsers: readonly [
  method: string,
  parameters: () => object,
  may: readonly Who[],
  done: (answer: Answer) => boolean,
][] = [
  [
    "SetLinger",
    () => ({ uid: ALICE, enabled: true }),
    ["root", "owner"],
    () => machine.lingering.get(ALICE) === "alice",
  ],
  [
    "ImportEnvironment",
    () => ({ uid: ALICE, set: { DISPLAY: ":0" }, unset: [] }),
    ["root", "owner"],
    () => machine.engine.world().users.get(ALICE)?.imported.size === 1,
  ],
  [
    "GetUserLog",
    () => ({ uid: ALICE }),
    ["root", "owner"],
    ({ parameters }) => parameters?.text === "secret\n",
  ],
];

/** Open to all, as with login1. */
const questions: readonly [method: string, parameters: () => object][] = [
  ["ListSessions", () => ({})],
  ["GetSession", () => ({ id: target.id })],
  ["ListUsers", () => ({})],
  ["GetUser", () => ({ uid: ALICE })],
  ["GetSessionByProcess", () => ({ pid: target.leader })],
  ["Explain", () => ({ id: target.id })],
  ["Monitor", () => ({})],
  ["GetStatus", () => ({})],
  ["ListLinger", () => ({})],
  ["ListSeats", () => ({})],
  ["GetSeat", () => ({ id: "seat0" })],
];

const everybody = Object.keys(callers) as Who[];
const call = (who: Who, method: string, parameters: object) =>
  machine.connect(callers[who]).call(method, parameters);

/** Whether they are allowed depends on who sits where: seats.test.ts and devices.test.ts. */
const elsewhere = [
  "ActivateSession",
  "SwitchTo",
  "SwitchToNext",
  "SwitchToPrevious",
  "AttachDevice",
  "FlushDevices",
  "ExplainDevice",
];

it("every method has a row here or its own block below", () => {
  const rows = [...orders, ...wishes, ...questions, ...ofUsers].map(([method]) => method);
  expect(new Set([...rows, "Register", ...elsewhere])).toEqual(new Set(Object.keys(methods)));
});

describe.each(everybody)("%s", (who) => {
  it.each(questions)("may ask %s", async (method, parameters) => {
    expect((await call(who, method, parameters())).error).toBeUndefined();
  });

  it.each(orders)("%s", async (method, parameters, may) => {
    const { error } = await call(who, method, parameters());
    await machine.kernel.settle();
    const session = machine.engine.world().sessions.get(target.id);
    const untouched = session?.stage.phase === "running" && machine.kernel.system.signals.length === 0;
    if (may.includes(who)) expect({ error, untouched }).toEqual({ error: undefined, untouched: false });
    else expect({ error, untouched }).toEqual({ error: DENIED, untouched: true });
  });

  it.each(wishes)("%s", async (method, parameters, may) => {
    const { error } = await call(who, method, parameters());
    expect(error).toBe(may.includes(who) ? undefined : DENIED);
  });

  it.each(ofUsers)("%s of alice", async (method, parameters, may, done) => {
    machine.kernel.system.logs.set(ALICE, "secret\n");
    const answer = await call(who, method, parameters());
    const allowed = may.includes(who);
    expect({ error: answer.error, done: done(answer) }).toEqual({
      error: allowed ? undefined : DENIED,
      done: allowed,
    });
  });

  it.each(ofUsers)("%s of itself, where no uid is named", async (method, parameters) => {
    await machine.session(callers[who]);
    expect((await call(who, method, { ...parameters(), uid: null })).error).toBeUndefined();
  });

  it.each(ofUsers)("%s of nobody", async (method, parameters) => {
    const error = who === "root" ? `${OURS}.NoSuchUser` : DENIED;
    expect((await call(who, method, { ...parameters(), uid: 4242 })).error).toBe(error);
    const wrong = await call(who, method, { ...parameters(), uid: 65535 });
    expect(wrong.error).toBe("org.varlink.service.InvalidParameter");
  });

  it("sees the processes only where they are its own or it is root", async () => {
    const sees = who !== "other";
    const ofSession = (await call(who, "GetSession", { id: target.id })).parameters?.processes;
    const ofUser = (await call(who, "GetUser", { uid: ALICE })).parameters?.processes;
    const holders = (await call(who, "Explain", { id: target.id })).parameters?.holders;
    for (const list of [ofSession, ofUser, holders]) expect(list).toHaveLength(sees ? 1 : 0);
  });
});

describe("a session that does not exist", () => {
  it.each(everybody)("is no session for %s, not a secret", async (who) => {
    for (const [method, parameters] of [...orders, ...wishes].filter(([name]) => name !== "TerminateUser")) {
      const answer = await call(who, method, { ...parameters(), id: "77" });
      expect(answer).toEqual({ error: `${OURS}.NoSuchSession`, parameters: { id: "77" } });
    }
    expect((await call(who, "TerminateUser", { uid: 4242 })).error).toBe(`${OURS}.NoSuchUser`);
  });
});
