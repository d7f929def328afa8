/** Seats over Varlink: what is shown of them, and who may turn to another session. */

import { beforeEach, describe, expect, it } from "vitest";
import { newCard, newKeyboard } from "./devices.ts";
import { ALICE, type Answer, BOB, Machine } from "./machine.ts";

const OURS = "org.sessionman.Login";
const DENIED = "org.varlink.service.PermissionDenied";
const CAROL = 1002;

let machine: Machine;
/** alice is on terminal 2, which is shown, bob on 3. */
let alice: string;
let bob: string;

beforeEach(async () => {
  machine = new Machine();
  alice = await machine.terminalSession(ALICE, 2);
  bob = await machine.terminalSession(BOB, 3);
  await machine.show(2);
});

const inSession = (id: string) => `/user.slice/user-1000.slice/session-${id}.scope`;
const root = () => machine.connect(0);
const foreground = () => machine.engine.world().seats.get("seat0")?.active;

/** From outside of any session, or from a process of that one. */
const callAs = (uid: number, id: string | null, method: string, parameters: object): Promise<Answer> =>
  machine.connect(uid, id === null ? {} : { cgroup: inSession(id) }).call(method, parameters);

describe("who may turn to another session", () => {
  const orders: readonly [string, () => object][] = [
    ["ActivateSession", () => ({ id: bob })],
    ["SwitchTo", () => ({ seat: "seat0", place: 3 })],
    ["SwitchToNext", () => ({ seat: "seat0" })],
    ["SwitchToPrevious", () => ({ seat: "seat0" })],
  ];
  const callers: readonly [string, number, () => string | null, boolean][] = [
    ["root", 0, () => null, true],
    ["who is in the foreground", ALICE, () => null, true],
    ["who is in the foreground, from within", ALICE, () => alice, true],
    ["who is in the background, from within", BOB, () => bob, true],
    ["who is in the background, from outside", BOB, () => null, false],
    ["somebody else", CAROL, () => null, false],
    ["somebody else within a session", CAROL, () => bob, false],
  ];

  describe.each(callers)("%s", (_who, uid, id, may) => {
    it.each(orders)("%s", async (method, parameters) => {
      const { error } = await callAs(uid, id(), method, parameters());
      await machine.kernel.settle();
      expect(error).toBe(may ? undefined : DENIED);
      expect(foreground()).toBe(may ? bob : alice);
    });
  });
});

describe("a switch", () => {
  it.each([
    ["ActivateSession", () => ({ id: "77" }), `${OURS}.NoSuchSession`],
    ["SwitchTo", () => ({ seat: "seat7", place: 1 }), `${OURS}.NoSuchSeat`],
    ["SwitchToNext", () => ({ seat: "" }), `${OURS}.NoSuchSeat`],
    ["SwitchTo", () => ({ seat: "seat0", place: 0 }), "org.varlink.service.InvalidParameter"],
    ["SwitchTo", () => ({ seat: "seat0", place: 64 }), `${OURS}.Failed`],
  ])("%s to nowhere: %s", async (method, parameters, error) => {
    expect((await root().call(method, parameters())).error).toBe(error);
  });

  it("of a session without a seat says so", async () => {
    const { id } = await machine.session(ALICE);
    const answer = await root().call("ActivateSession", { id });
    expect(answer.error).toBe(`${OURS}.Failed`);
    expect(answer.parameters?.message).toMatch(/has no seat/);
  });
});

describe("what is shown", () => {
  it("of all seats, the first one first", async () => {
    machine.kernel.system.seats.plug(newCard(1, { seat: "seat1" }));
    await machine.kernel.settle();
    const { parameters } = await root().call("ListSeats");
    expect(parameters?.seats).toEqual([
      {
        id: "seat0",
        graphical: false,
        terminals: true,
        activeVt: 2,
        activeSession: alice,
        sessions: [alice, bob],
      },
      { id: "seat1", graphical: true, terminals: false, activeVt: 0, activeSession: null, sessions: [] },
    ]);
  });

  it("of one with its devices, and who may open them", async () => {
    const [input, event] = newKeyboard(3);
    for (const each of [newCard(0), newCard(1, { seat: "seat1" }), input, event])
      machine.kernel.system.seats.plug(each);
    await machine.kernel.settle();
    const { parameters } = await root().call("GetSeat", { id: "seat0" });
    expect(parameters).toMatchObject({
      seat: { id: "seat0", graphical: true },
      devices: [
        {
          name: "card0",
          parent: null,
          number: "226:0",
          master: true,
          access: { uid: 0, mode: 0o660, users: [{ id: ALICE, permissions: 6 }] },
          taken: [],
        },
        { name: "input3", node: null, number: null, access: null },
        { name: "event3", parent: input.path, access: { users: [] } },
      ],
    });
  });

  it("of one that does not exist", async () => {
    const answer = await root().call("GetSeat", { id: "seat7" });
    expect(answer).toEqual({ error: `${OURS}.NoSuchSeat`, parameters: { seat: "seat7" } });
  });

  it("to those who monitor", async () => {
    const client = root();
    client.send({ method: `${OURS}.Monitor`, more: true });
    machine.kernel.system.seats.plug(newCard(1, { seat: "seat1" }));
    await machine.kernel.settle();
    machine.kernel.system.seats.unplug(newCard(1).path);
    await machine.kernel.settle();
    const seats = client.answers
      .map(({ parameters }) => parameters as { event: string; seats: { id: string }[] })
      .filter(({ event }) => event.startsWith("seat_"))
      .map(({ event, seats: [seat] }) => `${event} ${seat?.id}`);
    expect(seats).toEqual(["seat_new seat1", "seat_removed seat1"]);
  });
});
