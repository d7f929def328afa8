/** Devices over Varlink: to which seat they belong, and who may open them. */

import { beforeEach, describe, expect, it } from "vitest";
import { newCard, newKeyboard } from "./devices.ts";
import { ALICE, BOB, Machine } from "./machine.ts";

const OURS = "org.sessionman.Login";
const DENIED = "org.varlink.service.PermissionDenied";
const INVALID = "org.varlink.service.InvalidParameter";

let machine: Machine;
const card = newCard(0);
const [input, event] = newKeyboard(3);

beforeEach(async () => {
  machine = new Machine();
  for (const each of [card, input, event]) machine.kernel.system.seats.plug(each);
  await machine.kernel.settle();
});

const call = (uid: number, method: string, parameters: object) =>
  machine.connect(uid).call(method, parameters);
const rules = () => Object.fromEntries(machine.kernel.system.seats.rules);

describe("AttachDevice", () => {
  it.each([
    ["the device", card.path, card.path, { "drm-pci-0": "seat1" }],
    ["the nearest one above it", event.path, input.path, { "input-usb-3": "seat1" }],
    [
      "the nearest one above what is unknown",
      `${card.path}/drm/card0-DP-1`,
      card.path,
      { "drm-pci-0": "seat1" },
    ],
  ])("attaches %s", async (_what, path, attached, expected) => {
    expect((await call(0, "AttachDevice", { seat: "seat1", path })).parameters).toEqual({ path: attached });
    expect(rules()).toEqual(expected);
  });

  it.each([
    [ALICE, "seat1", card.path, DENIED],
    [0, "seat", card.path, INVALID],
    [0, "seat/../x", card.path, INVALID],
    [0, "seat1", card.node, INVALID],
    [0, "seat1", `${card.path}/..`, INVALID],
    [0, "seat1", "/sys/devices/none", `${OURS}.NoSuchDevice`],
  ])("uid %i, %s, %s: %s", async (uid, seat, path, error) => {
    expect((await call(uid, "AttachDevice", { seat, path })).error).toBe(error);
    expect(rules()).toEqual({});
  });
});

it("FlushDevices is for root", async () => {
  await call(0, "AttachDevice", { seat: "seat1", path: card.path });
  expect((await call(ALICE, "FlushDevices", {})).error).toBe(DENIED);
  expect(rules()).not.toEqual({});
  expect((await call(0, "FlushDevices", {})).error).toBeUndefined();
  expect(rules()).toEqual({});
});

describe("ExplainDevice", () => {
  it("is about the caller, or whom root names", async () => {
    const own = await call(ALICE, "ExplainDevice", { node: card.node });
    expect(own.parameters).toMatchObject({
      uid: ALICE,
      mayOpen: false,
      needed: ["a login of alice on seat0"],
      device: { path: card.path, seat: "seat0", master: true },
      access: { uid: 0, gid: 0, mode: 0o660 },
    });
    expect((await call(ALICE, "ExplainDevice", { node: card.node, uid: BOB })).error).toBe(DENIED);
    const ofBob = await call(0, "ExplainDevice", { node: card.node, uid: BOB });
    expect(ofBob.parameters).toMatchObject({ uid: BOB, needed: ["a login of bob on seat0"] });
    expect((await call(0, "ExplainDevice", { node: card.node })).parameters).toMatchObject({ mayOpen: true });
  });

  it("takes the groups of the caller's process, and of others those of the user database", async () => {
    machine.kernel.system.seats.access.set(card.node, {
      ...{ uid: 0, gid: 44, mode: 0o660 },
      users: [],
      groups: [],
    });
    machine.kernel.system.users.set(BOB, { uid: BOB, gid: BOB, name: "bob", groups: [44] });
    expect((await call(0, "ExplainDevice", { node: card.node, uid: BOB })).parameters?.mayOpen).toBe(true);
    expect((await call(BOB, "ExplainDevice", { node: card.node })).parameters?.mayOpen).toBe(false);
  });

  it.each([
    ["/dev/dri/../../etc/shadow", INVALID],
    ["/etc/shadow", INVALID],
    ["dri/card0", INVALID],
    ["/dev/none", `${OURS}.NoSuchDevice`],
  ])("of %s is %s", async (node, error) => {
    expect((await call(0, "ExplainDevice", { node })).error).toBe(error);
  });

  it("says that a compositor can have what it takes, and of which seat an event node is", async () => {
    const { parameters } = await call(ALICE, "ExplainDevice", { node: event.node });
    expect(parameters?.because).toContain(
      "the compositor of a session gets it from sessionmand, whatever its permissions are",
    );
    expect(parameters?.device).toMatchObject({ parent: input.path, seat: "seat0" });
  });
});
