/** Virtual terminals that a restarted daemon finds: held by the keeper, or left by one that was killed. */

import { describe, expect, it } from "vitest";
import type { Found } from "../../daemon/src/core/events.ts";
import type { Control, Session } from "../../daemon/src/core/model.ts";
import { heldSession, restoreSeats } from "../../daemon/src/core/restore-seats.ts";
import type { Taken } from "../../daemon/src/core/seat-model.ts";
import { session, worldOf } from "../store/sd-login-worlds.ts";
import { controlOf } from "./controllers.ts";

const control = (over: Partial<Control>) => controlOf({ name: "5", bus: "seatd", pid: 100, ...over });

type Order = "vt.release" | "vt.take";

function ordered(
  order: Order,
  records: readonly Session[],
  vts: readonly number[],
  clients: readonly number[],
): number[] {
  const held = { devices: [], vts, gettys: [], clients };
  const found: Found = {
    nextId: 9,
    sessions: records.map((record) => ({
      record,
      leaderAlive: true,
      executable: "",
      lifetimeHeld: true,
      scopeExists: true,
    })),
    users: [],
    orphanScopes: [],
    orphanLifetimes: [],
    runtimeDirectories: [],
    managers: [],
    lingering: [],
    inhibitors: [],
    orphanInhibitors: [],
    seats: [],
    held,
  };
  const { effects } = restoreSeats(worldOf(...records.map((record) => heldSession(record, held))), found);
  return effects.flatMap((effect) =>
    (effect.kind === "vt.release" || effect.kind === "vt.take") && effect.kind === order ? effect.vt : [],
  );
}

const released = (...found: readonly [readonly Session[], readonly number[], readonly number[]]) =>
  ordered("vt.release", ...found);

const onVt = (id: string, vtnr: number, controlled: Control | null) =>
  session(id, { vtnr, seat: "seat0", control: controlled });

describe("virtual terminals after a restart", () => {
  it("stay with who controls them still", () => {
    const records = [onVt("1", 2, control({})), onVt("2", 3, control({ name: ":1.7", bus: "ab" }))];
    expect(released(records, [2, 3], [5])).toEqual([]);
  });

  it("are put back when nobody controls them any more", () => {
    expect(released([onVt("1", 2, null)], [2, 7], [])).toEqual([2, 7]);
    expect(released([onVt("1", 2, control({}))], [2], [])).toEqual([2]);
  });

  it("are put back when the keeper that had them was killed", () => {
    const records = [onVt("1", 2, control({})), onVt("2", 3, control({ name: ":1.7", bus: "ab" }))];
    expect(released(records, [], [])).toEqual([2]);
    expect(released([onVt("1", 2, control({ vt: false }))], [], [])).toEqual([]);
  });

  it("are prepared again for who may be there still, whom the bus knows", () => {
    const records = [onVt("1", 2, control({})), onVt("2", 3, control({ name: ":1.7", bus: "ab" }))];
    expect(ordered("vt.take", records, [], [])).toEqual([3]);
    expect(ordered("vt.take", records, [2, 3], [5])).toEqual([]);
  });
});

describe("devices after a restart", () => {
  type Known = Pick<Taken, "state" | "told">;

  /** What of a card with this record the keeper has. */
  function found(record: Known, active: boolean): Known[] {
    const place = { node: "/dev/dri/card0", path: "/sys/devices/card0" };
    const devices: Taken[] = [
      { key: 1, kind: "drm", major: 226, minor: 0, ...place, tries: 20, answered: true, ...record },
    ];
    const held = { devices: [{ key: 1, active }], vts: [], gettys: [], clients: [5] };
    const { devices: now } = heldSession(session("1", { control: control({}), devices }), held);
    return now.map(({ state, told }) => ({ state, told }));
  }

  it("are as the keeper has them", () => {
    for (const active of [true, false]) {
      const state = active ? "active" : "paused";
      expect(found({ state: "active", told: "active" }, active)).toEqual([{ state, told: "active" }]);
    }
    expect(found({ state: "paused", told: "paused" }, false)).toEqual([{ state: "paused", told: "paused" }]);
  });

  it("have the time that was left to those who were asked, while they are live", () => {
    expect(found({ state: "asked", told: "active" }, true)).toEqual([{ state: "asked", told: "active" }]);
    expect(found({ state: "asked", told: "active" }, false)).toEqual([{ state: "paused", told: "active" }]);
  });

  it("are muted again where that was ordered, and where nobody knows what was told", () => {
    for (const active of [true, false]) {
      expect(found({ state: "pausing", told: "paused" }, active)).toEqual([
        { state: "pausing", told: "paused" },
      ]);
      expect(found({ state: "resuming", told: "paused" }, active)).toEqual([
        { state: "pausing", told: "active" },
      ]);
    }
    expect(found({ state: "paused", told: "paused" }, true)).toEqual([{ state: "pausing", told: "active" }]);
  });
});
