import { closeSync, openSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadAddon } from "../../daemon/src/kernel/addon.ts";
import { KernelError, type Stream, type StreamLimits } from "../../daemon/src/kernel/kernel.ts";
import { ADDON, awhile, busyShare, loadPeer, makeRig, openFds, type Rig, unable, until } from "./rig.ts";

const LIMITS: StreamLimits = { queueBytes: 1_000_000, readBytes: 4096 };

describe.skipIf(unable)(`connect ${unable || ""}`, () => {
  const peer = unable ? (null as never) : loadPeer();
  const addon = unable ? (null as never) : loadAddon(ADDON);
  let rig: Rig;
  let stream: Stream;
  let other = -1;
  let before = 0;
  let received = "";
  let fds: number[] = [];
  const seen: string[] = [];

  const connect = (limits: Partial<StreamLimits> = {}) => {
    const path = `${rig.directory}/sock`;
    const listener = peer.listen(path, 0, 8);
    stream = rig.kernel.connect(
      path,
      { ...LIMITS, ...limits },
      {
        received(bytes, came) {
          received += bytes.toString("latin1");
          fds.push(...came);
        },
        drained: () => void seen.push("drained"),
        ended: () => void seen.push("ended"),
      },
    );
    other = addon.accept(listener)?.fd ?? -1;
    closeSync(listener);
  };
  /** What the other end gets until that many bytes have come. */
  const take = async (count: number) => {
    const all: Buffer[] = [];
    const came: number[] = [];
    let length = 0;
    await until("the bytes have come", () => {
      const next = peer.receive(other, 65_536);
      if (next !== null) {
        all.push(next.bytes);
        came.push(...next.fds);
        length += next.bytes.length;
      }
      return length >= count;
    });
    return { text: Buffer.concat(all).toString("latin1"), fds: came };
  };
  const sendAll = (text: string, files = 0) => peer.send(other, Buffer.from(text), files);

  beforeEach(() => {
    rig = makeRig();
    before = openFds();
    received = "";
    fds = [];
    seen.length = 0;
  });

  afterEach(() => {
    stream.close();
    if (other >= 0) closeSync(other);
    other = -1;
    for (const fd of fds) if (fd >= 0) rig.kernel.closeFd(fd);
    expect(openFds()).toBe(before);
    rig.kernel.close();
  });

  it("fails where nobody listens", () => {
    connect();
    const elsewhere = () =>
      rig.kernel.connect(`${rig.directory}/none`, LIMITS, { received() {}, drained() {}, ended() {} });
    expect(elsewhere).toThrow(KernelError);
    expect(elsewhere).toThrow(/ENOENT/);
  });

  it("passes bytes and descriptors both ways", async () => {
    connect();
    stream.send(Buffer.from("first"), [openSync("/etc/hostname", "r")]);
    stream.send(Buffer.from("second"));
    const got = await take(11);
    expect(got.text).toBe("firstsecond");
    expect(readFileSync(got.fds[0] as number, "latin1")).toBe(readFileSync("/etc/hostname", "latin1"));
    closeSync(got.fds[0] as number);
    sendAll("answer", 2);
    await until("the answer has come", () => received === "answer");
    expect(fds).toHaveLength(2);
  });

  it("keeps what the kernel does not take, in order, in memory of its own", async () => {
    connect();
    const memory = Buffer.alloc(50_000);
    let expected = "";
    for (let i = 0; i < 15; i += 1) {
      memory.fill(97 + i);
      expected += memory.toString("latin1");
      stream.send(memory, [openSync("/dev/null", "r")]);
    }
    expect(stream.queued).toBeGreaterThan(0);
    const got = await take(expected.length);
    expect(got.text).toBe(expected);
    expect(got.fds).toHaveLength(15);
    for (const fd of got.fds) closeSync(fd);
    await until("all has been taken", () => seen.includes("drained"));
    expect(stream.queued).toBe(0);
  });

  it("ends when too much waits, and closes what was to be sent", async () => {
    connect();
    for (let i = 0; i < 30; i += 1) stream.send(Buffer.alloc(100_000), [openSync("/dev/null", "r")]);
    expect(seen).toEqual([]);
    await until("it has ended", () => seen.includes("ended"));
    stream.send(Buffer.from("more"), [openSync("/dev/null", "r")]);
    expect(seen).toEqual(["ended"]);
    await until("the other end sees it", () => {
      const next = peer.receive(other, 1 << 20);
      for (const fd of next?.fds ?? []) closeSync(fd);
      return next?.bytes.length === 0;
    });
  });

  it("reads nothing while it is paused", async () => {
    connect();
    stream.pause(true);
    sendAll("hello");
    await awhile();
    expect(received).toBe("");
    stream.pause(false);
    await until("it is read", () => received === "hello");
  });

  it("tells once that the other end is gone, after what that had sent", async () => {
    connect();
    sendAll("last words");
    closeSync(other);
    other = -1;
    await until("it has ended", () => seen.length > 0);
    expect(received).toBe("last words");
    await awhile();
    expect(seen).toEqual(["ended"]);
  });

  it("sleeps while the other end neither reads nor writes", async () => {
    connect();
    for (let i = 0; i < 6; i += 1) stream.send(Buffer.alloc(100_000));
    expect(stream.queued).toBeGreaterThan(0);
    expect(await busyShare()).toBeLessThan(0.2);
  });
});
