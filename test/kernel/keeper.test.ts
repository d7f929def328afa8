/** The channel to the keeper, spoken to by its records as daemon/keeper/channel.h lays them out. */

import { chownSync, closeSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { awhile, CGROUP, loadPeer, makeRig, openFds, type Rig, unable, until } from "./rig.ts";
import { textOf } from "./runner.ts";

const UID = 64_000;
const RECORD = 2048;
const READY = 1;
const EMPTY_DIRECTORY = 2;
const DONE = 3;
const RUN = 4;

describe.skipIf(unable)(`the keeper's channel ${unable || ""}`, () => {
  const peer = unable ? (null as never) : loadPeer();
  let rig: Rig;
  let path = "";
  let keeper = 0;

  beforeEach(() => {
    const [ours, theirs] = peer.pair();
    keeper = ours;
    rig = makeRig({ channel: theirs });
    path = `${rig.user}/${UID}`;
    if (CGROUP !== "") rig.kernel.createSlice(UID, {});
    mkdirSync(path, { recursive: true });
    writeFileSync(`${path}/file`, "");
    chownSync(path, UID, UID);
  });
  afterEach(async () => {
    let cleaned = false;
    rig.kernel.cleanManager(UID, () => {
      cleaned = true;
    });
    await until("it is clean", () => cleaned);
    rig.kernel.removeSlice(UID);
    rig.kernel.close();
  });

  const order = async () => {
    const got: Buffer[] = [];
    await until("an order", () => {
      const next = peer.receive(keeper, 4096);
      if (next !== null) got.push(next.bytes);
      return next !== null;
    });
    return got[0] as Buffer;
  };
  const done = (serial: number, value: number) => {
    const record = Buffer.alloc(RECORD);
    record.writeUInt32LE(DONE, 0);
    record.writeUInt32LE(serial, 4);
    record.writeInt32LE(value, 8);
    peer.send(keeper, record, 0);
  };
  const remove = () => {
    const answers: (string | null)[] = [];
    rig.kernel.removeRuntimeDirectory(UID, UID, "directory", (error) => answers.push(error));
    return answers;
  };

  it("says that logins are accepted", async () => {
    rig.kernel.ready();
    const record = await order();
    expect(record).toHaveLength(RECORD);
    expect(record.readUInt32LE(0)).toBe(READY);
  });

  it("has a directory emptied as its user, then removes it", async () => {
    const answers = remove();
    const record = await order();
    expect(record).toHaveLength(RECORD);
    expect([record.readUInt32LE(0), record.readUInt32LE(12), record.readUInt32LE(16)]).toEqual([
      EMPTY_DIRECTORY,
      UID,
      UID,
    ]);
    expect(record.toString("utf8", 20, record.indexOf(0, 20))).toBe(path);
    expect(answers).toEqual([]);
    rmSync(`${path}/file`);
    done(record.readUInt32LE(4) + 1, 0);
    await awhile();
    expect(answers).toEqual([]);
    done(record.readUInt32LE(4), 0);
    await until("an answer", () => answers.length === 1);
    expect(answers).toEqual([null]);
    expect(rig.kernel.runtimeDirectories()).toEqual([]);
  });

  it("passes the order to start sessionman-run, and its socket, and keeps neither", async () => {
    const before = openFds();
    const start = () =>
      rig.kernel.startManager({ uid: UID, gid: UID + 1, user: "alice", backend: "/none" }, () => {});
    start();
    const got = peer.receive(keeper, 4096);
    const record = got?.bytes ?? Buffer.alloc(0);
    expect([record.length, record.readUInt32LE(0), got?.fds.length]).toEqual([RECORD, RUN, 1]);
    const [group, first, second, ...rest] = textOf(record).split("\0");
    expect([group?.startsWith("/") || group === "-", first, second]).toEqual([
      true,
      `uid=${UID}`,
      `gid=${UID + 1}`,
    ]);
    expect(rest).toHaveLength(7);
    expect(record.subarray(20 + Buffer.byteLength(textOf(record))).every((byte) => byte === 0)).toBe(true);
    // the socket that was received, and the connection to it
    expect(openFds()).toBe(before + 2);
    for (const fd of got?.fds ?? []) closeSync(fd);
  });

  it("does not pass on an order that does not fit", () => {
    const order = { uid: UID, gid: UID, user: "alice", backend: `/${"x".repeat(2000)}` };
    const before = openFds();
    expect(() => rig.kernel.startManager(order, () => {})).toThrow(/E2BIG/);
    expect(openFds()).toBe(before);
    expect(peer.receive(keeper, 4096)).toBeNull();
  });

  it("reports a directory that could not be emptied", async () => {
    const [first, second] = [remove(), remove()];
    done((await order()).readUInt32LE(4), 5);
    await until("an answer", () => first.length === 1);
    expect(first[0]).toMatch(/EIO/);
    // emptied, they say, but it is not
    done((await order()).readUInt32LE(4), 0);
    await until("an answer", () => second.length === 1);
    expect(second[0]).toMatch(/ENOTEMPTY/);
  });

  it("stops, and gives up what it waits for, when the keeper is gone", async () => {
    const answers = remove();
    let stopped = 0;
    rig.kernel.onStop(() => {
      stopped += 1;
    });
    await awhile();
    expect(stopped).toBe(0);
    closeSync(keeper);
    await until("the stop", () => stopped === 1);
    expect(answers).toEqual([`the keeper could not empty ${path}: ENOTCONN`]);
    const later = remove();
    expect(later).toEqual([]);
    await until("an answer", () => later.length === 1);
    rig.kernel.ready();
  });

  it("does without a keeper", async () => {
    const alone = makeRig();
    mkdirSync(`${alone.user}/${UID}`, { recursive: true });
    writeFileSync(`${alone.user}/${UID}/file`, "");
    chownSync(`${alone.user}/${UID}`, UID, UID);
    const answers: (string | null)[] = [];
    alone.kernel.ready();
    alone.kernel.removeRuntimeDirectory(UID, UID, "directory", (error) => answers.push(error));
    await until("an answer", () => answers.length === 1);
    expect(answers[0]).toMatch(/ENOTCONN/);
    const order = { uid: UID, gid: UID, user: "alice", backend: "/none" };
    expect(() => alone.kernel.startManager(order, () => {})).toThrow(/ENOTCONN|ENOENT/);
    alone.kernel.close();
  });
});
