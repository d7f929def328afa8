/** Orders about gettys over the keeper's channel, and what the keeper says of them. */

import { closeSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { GettyEnd } from "../../daemon/src/kernel/seat-kernel.ts";
import { CGROUP, loadPeer, makeRig, type Rig, unable, until } from "./rig.ts";
import { RECORD, recordOf } from "./runner.ts";

const [HELD, START, ENDED] = [14, 15, 16];
const [END, GETTYS] = [0, 4];
const EBUSY = 16;

describe.skipIf(unable)(`gettys over the keeper's channel ${unable || ""}`, () => {
  const peer = unable ? (null as never) : loadPeer();
  let rig: Rig;
  let theirs = -1;
  const ends: GettyEnd[] = [];

  const say = (...record: Parameters<typeof recordOf>) => peer.send(theirs, recordOf(...record), 0);
  const begin = (version: number, held: readonly number[] = []) => {
    const [one, other] = peer.pair();
    theirs = one;
    if (held.length > 0) say(HELD, { value: held.length, uid: GETTYS, items: held });
    say(HELD, { value: version, uid: END });
    ends.length = 0;
    rig = makeRig({ channel: other });
    rig.kernel.onGettyEnded((end) => ends.push(end));
  };

  afterEach(() => {
    rig.kernel.close();
    closeSync(theirs);
  });

  it("says which program, where, and whether the terminal may be in use", () => {
    begin(1);
    for (const anyway of [false, true])
      rig.kernel.startGetty({ vt: 3, command: ["/sbin/agetty", "tty3", "é"], anyway });
    for (const anyway of [0, 1]) {
      const bytes = peer.receive(theirs, 4096)?.bytes ?? Buffer.alloc(RECORD);
      expect([0, 8, 12].map((at) => bytes.readUInt32LE(at))).toEqual([START, 3, anyway]);
      const text = bytes.subarray(20).toString();
      expect(text.slice(0, text.indexOf("\0\0"))).toBe(
        [CGROUP || "-", "/sbin/agetty", "tty3", "é"].join("\0"),
      );
    }
  });

  it("hears of those that have ended, also of an earlier daemon's", async () => {
    begin(1, [2, 63]);
    expect(rig.kernel.held().gettys).toEqual([2, 63]);
    say(ENDED, { value: 63, gid: 3 << 8 });
    say(ENDED, { value: 2, gid: 9 });
    say(ENDED, { value: 4, uid: EBUSY, gid: 111 << 8 });
    await until("three ends", () => ends.length === 3);
    expect(ends).toEqual([
      { vt: 63, error: null, how: "exit code 3" },
      { vt: 2, error: null, how: "signal 9" },
      { vt: 4, error: "EBUSY", how: "" },
    ]);
  });

  it("orders none of a keeper that is too old to know them, and says so once", async () => {
    begin(0);
    for (const vt of [1, 2]) rig.kernel.startGetty({ vt, command: ["/sbin/agetty", "x"], anyway: false });
    expect(ends).toEqual([]);
    await until("both have ended", () => ends.length === 2);
    expect(ends.map(({ vt, error }) => [vt, error])).toEqual([
      [1, "EBUSY"],
      [2, "EBUSY"],
    ]);
    expect(peer.receive(theirs, 4096)).toBe(null);
    expect(rig.warnings.filter((line) => line.includes("getty"))).toHaveLength(1);
  });
});
