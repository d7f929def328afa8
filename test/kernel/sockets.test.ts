import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Connection, ConnectionHandler, ListenLimits } from "../../daemon/src/kernel/kernel.ts";
import { awhile, busyShare, loadPeer, makeRig, openFds, type Rig, unable, until } from "./rig.ts";

const LIMITS: ListenLimits = { connections: 100, connectionsPerUid: 3, queueBytes: 100_000, readBytes: 4096 };
const PACKETS = 1;
const STREAM = 0;

interface Served {
  readonly connection: Connection;
  readonly received: Buffer[];
  ended: number;
  waited: number;
}

describe.skipIf(unable)(`listen ${unable || ""}`, () => {
  const peer = unable ? (null as never) : loadPeer();
  const fds = new Set<number>();
  let rig: Rig;
  let path = "";
  let served: Served[] = [];

  const setUp = (
    kind: number,
    limits: Partial<ListenLimits> = {},
    react?: (s: Served, bytes: Buffer) => void,
  ) => {
    rig = makeRig();
    path = `${rig.directory}/sock`;
    served = [];
    const listener = peer.listen(path, kind, 512);
    execFileSync("chmod", ["0666", path]);
    rig.kernel.listen(listener, { ...LIMITS, ...limits }, (connection): ConnectionHandler => {
      const one: Served = { connection, received: [], ended: 0, waited: 0 };
      served.push(one);
      return {
        waiting() {
          one.waited += one.received.length === 0 ? 1 : 100;
        },
        received(bytes) {
          one.received.push(bytes);
          react?.(one, bytes);
        },
        ended() {
          one.ended += 1;
        },
      };
    });
  };
  const connect = (kind: number, uid = 0) => {
    const fd = peer.connect(path, kind, uid);
    fds.add(fd);
    return fd;
  };
  const close = (fd: number) => {
    fds.delete(fd);
    closeSync(fd);
  };
  const closedByPeer = (fd: number) => {
    const got = peer.receive(fd, 16);
    return got !== null && got.bytes.length === 0;
  };
  /** The next message, which is awaited. */
  const take = async (fd: number) => {
    const got: NonNullable<ReturnType<typeof peer.receive>>[] = [];
    await until("an answer", () => {
      const next = peer.receive(fd, 4096);
      if (next !== null) got.push(next);
      return next !== null;
    });
    return got[0] as (typeof got)[0];
  };
  const first = () => served[0] as Served;

  afterEach(() => {
    for (const fd of fds) closeSync(fd);
    fds.clear();
    rig.kernel.close();
  });

  it("says who connected, by the kernel's word", async () => {
    setUp(PACKETS);
    connect(PACKETS, 0);
    connect(PACKETS, 4711);
    await until("two connections", () => served.length === 2);
    expect(served.map(({ connection }) => connection.peer.uid)).toEqual([0, 4711]);
    expect(first().connection.peer).toMatchObject({ pid: process.pid, gid: 0 });
    const groups = /^Groups:\t(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
    expect(first().connection.peer.groups).toEqual(groups.split(" ").filter(Boolean).map(Number));
  });

  it("keeps the bounds of packets, and their order", async () => {
    setUp(PACKETS);
    const fd = connect(PACKETS);
    for (const text of ["one", "two", "three"]) peer.send(fd, Buffer.from(text), 0);
    await until("three packets", () => served[0]?.received.length === 3);
    expect(first().received.map(String)).toEqual(["one", "two", "three"]);
  });

  it("tells of a client that has not sent yet, and only of such", async () => {
    setUp(PACKETS);
    const late = connect(PACKETS);
    await until("the connection", () => served.length === 1);
    peer.send(late, Buffer.from("late"), 0);
    // sent before this thread is back in its loop to accept
    peer.send(connect(PACKETS), Buffer.from("at once"), 0);
    await until("both", () => served.length === 2 && served.every(({ received }) => received.length === 1));
    expect(served.map(({ waited }) => waited)).toEqual([1, 0]);
  });

  it("answers with a descriptor, which is closed here and open there", async () => {
    setUp(PACKETS, {}, ({ connection }) =>
      connection.send(Buffer.from("take"), [openSync("/dev/null", "r")]),
    );
    const fd = connect(PACKETS);
    const before = openFds();
    peer.send(fd, Buffer.from("give"), 0);
    const answer = await take(fd);
    expect(String(answer.bytes)).toBe("take");
    expect(answer.fds).toHaveLength(1);
    for (const each of answer.fds) closeSync(each);
    // the connection itself is the one more
    expect(openFds()).toBe(before + 1);
  });

  it("closes what clients pass to it", async () => {
    setUp(PACKETS);
    const fd = connect(PACKETS);
    await until("the connection", () => served.length === 1);
    const before = openFds();
    for (let i = 0; i < 20; i += 1) peer.send(fd, Buffer.from("x"), 200);
    await until("all of them", () => first().received.length === 20);
    expect(openFds()).toBe(before);
  });

  it("takes a packet of the limit and ends the connection after one byte more", async () => {
    setUp(PACKETS);
    const fd = connect(PACKETS);
    peer.send(fd, Buffer.alloc(LIMITS.readBytes), 0);
    await until("the packet", () => served[0]?.received.length === 1);
    expect(first().received[0]).toHaveLength(LIMITS.readBytes);
    peer.send(fd, Buffer.alloc(LIMITS.readBytes + 1), 0);
    await until("the end", () => first().ended === 1);
    expect(first().received).toHaveLength(1);
    expect(closedByPeer(fd)).toBe(true);
  });

  it("refuses one connection beyond the limit, and serves again when one has gone", async () => {
    setUp(STREAM, { connections: 2 });
    const kept = connect(STREAM);
    connect(STREAM);
    const refused = connect(STREAM);
    await until("the refusal", () => closedByPeer(refused));
    expect(served).toHaveLength(2);
    close(kept);
    await until("the end of one", () => first().ended === 1);
    connect(STREAM);
    await until("another one", () => served.length === 3);
  });

  it("limits each user but not root", async () => {
    setUp(STREAM);
    for (let i = 0; i < 5; i += 1) connect(STREAM, 4711);
    for (let i = 0; i < 5; i += 1) connect(STREAM, 0);
    connect(STREAM, 4712);
    await until("those allowed", () => served.length === 3 + 5 + 1);
    await awhile();
    const uids = served.map(({ connection }) => connection.peer.uid);
    expect(uids.filter((uid) => uid === 4711)).toHaveLength(3);
    expect(uids.filter((uid) => uid === 0)).toHaveLength(5);
    expect(uids.filter((uid) => uid === 4712)).toHaveLength(1);
  });

  it("sends what is queued to a client that has finished speaking, then ends", async () => {
    const size = 90_000;
    setUp(STREAM, { queueBytes: 10_000_000 }, ({ connection }) => {
      for (let i = 0; i < 20; i += 1) connection.send(Buffer.alloc(size, i));
    });
    const fd = connect(STREAM);
    peer.send(fd, Buffer.from("?"), 0);
    peer.shutdown(fd);
    await until("a queue", () => (served[0]?.connection.queued ?? 0) > 0);
    await awhile();
    expect(first().ended).toBe(0);
    let total = 0;
    let atEnd = false;
    await until("everything", () => {
      for (;;) {
        const got = peer.receive(fd, 65_536);
        if (got === null) return false;
        if (got.bytes.length === 0) atEnd = true;
        if (atEnd) return true;
        total += got.bytes.length;
      }
    });
    expect(total).toBe(20 * size);
    await until("the end", () => first().ended === 1);
  });

  it("does not spin over a client that hangs half closed with a full queue", async () => {
    setUp(STREAM, { queueBytes: 10_000_000 }, ({ connection }) => connection.send(Buffer.alloc(2_000_000)));
    const fd = connect(STREAM);
    peer.send(fd, Buffer.from("?"), 0);
    peer.shutdown(fd);
    await until("a queue", () => (served[0]?.connection.queued ?? 0) > 0);
    expect(await busyShare()).toBeLessThan(0.5);
  });

  it("ends a client whose queue would grow beyond the limit", async () => {
    setUp(STREAM);
    connect(STREAM);
    await until("the connection", () => served.length === 1);
    const { connection } = first();
    for (let i = 0; i < 1000 && first().ended === 0; i += 1) {
      connection.send(Buffer.alloc(50_000));
      expect(connection.queued).toBeLessThanOrEqual(LIMITS.queueBytes);
      await Promise.resolve();
    }
    expect(first().ended).toBe(1);
    connection.send(Buffer.from("nobody"), [openSync("/dev/null", "r")]);
    expect(connection.queued).toBe(0);
  });

  it("passes a queued descriptor with its own bytes", async () => {
    setUp(PACKETS, { queueBytes: 10_000_000 }, ({ connection }) => {
      for (let i = 0; i < 300; i += 1) connection.send(Buffer.alloc(1000, i), [openSync("/dev/null", "r")]);
    });
    const before = openFds();
    const fd = connect(PACKETS);
    peer.send(fd, Buffer.from("?"), 0);
    await until("a queue", () => (served[0]?.connection.queued ?? 0) > 0);
    let count = 0;
    await until("all packets", () => {
      for (let got = peer.receive(fd, 2000); got !== null; got = peer.receive(fd, 2000)) {
        expect(got.fds).toHaveLength(1);
        expect(got.bytes[0]).toBe(count % 256);
        for (const each of got.fds) closeSync(each);
        count += 1;
      }
      return count === 300;
    });
    close(fd);
    await until("the end", () => first().ended === 1);
    expect(openFds()).toBe(before);
  });

  it("gives up a closed connection whose client does not read, and no other for it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      setUp(STREAM, { queueBytes: 10_000_000 }, ({ connection }) => {
        connection.send(Buffer.alloc(2_000_000));
        connection.close();
      });
      const stuck = connect(STREAM);
      const reading = connect(STREAM);
      for (const fd of [stuck, reading]) peer.send(fd, Buffer.from("?"), 0);
      let total = 0;
      await until("all of it", () => {
        for (let got = peer.receive(reading, 65_536); got !== null; got = peer.receive(reading, 65_536)) {
          total += got.bytes.length;
          if (got.bytes.length === 0) return true;
        }
        return false;
      });
      expect(total).toBe(2_000_000);
      const before = openFds();
      // it gets the number that the connection had
      const innocent = openSync("/dev/null", "r");
      vi.advanceTimersByTime(60_000);
      expect(openFds()).toBe(before);
      closeSync(innocent);
      expect(served.map(({ ended }) => ended)).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("tells of no end that it made itself", async () => {
    setUp(STREAM, {}, ({ connection }) => {
      connection.send(Buffer.from("bye"));
      connection.close();
      connection.close();
    });
    const fd = connect(STREAM);
    peer.send(fd, Buffer.from("?"), 0);
    let text = "";
    await until("the end", () => {
      const got = peer.receive(fd, 100);
      text += got?.bytes ?? "";
      return got !== null && got.bytes.length === 0;
    });
    expect(text).toBe("bye");
    await awhile();
    expect(first().ended).toBe(0);
  });

  it("tells of the end of a client that sent and went, after what it sent", async () => {
    setUp(PACKETS);
    const fd = connect(PACKETS);
    peer.send(fd, Buffer.from("last words"), 0);
    close(fd);
    await until("the end", () => served[0]?.ended === 1);
    expect(first().received.map(String)).toEqual(["last words"]);
  });

  it("serves others through a flood of connections", async () => {
    setUp(STREAM, { connections: 50 });
    for (let i = 0; i < 400; i += 1) connect(STREAM, 5000 + (i % 7));
    await awhile();
    expect(served.length).toBeLessThanOrEqual(21);
    for (const fd of [...fds]) close(fd);
    const fd = connect(STREAM);
    peer.send(fd, Buffer.from("still there?"), 0);
    await until("an answer", () => served.some(({ received }) => String(received[0]) === "still there?"));
  });

  it("refuses without spinning while it has no free descriptor", async () => {
    setUp(STREAM, { connections: 10_000 });
    const clients = Array.from({ length: 20 }, () => connect(STREAM));
    const held: number[] = [];
    const usual = Number(/^Max open files +([0-9]+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
    const limit = (count: number) =>
      execFileSync("prlimit", ["--pid", String(process.pid), `--nofile=${count}:`]);
    await until("the first ones", () => served.length === 20);
    // connected, but not yet accepted: this thread has not been back in its loop
    const late = Array.from({ length: 20 }, () => connect(STREAM));
    // some to spare: raising the limit again takes a few
    const top = Math.max(...late) + 40;
    for (let fd = openSync("/dev/null", "r"); ; fd = openSync("/dev/null", "r")) {
      held.push(fd);
      if (fd > top) break;
    }
    limit(Math.max(...held) + 1);
    await until("the refusals", () => late.every(closedByPeer));
    const share = await busyShare();
    expect(served).toHaveLength(20);
    for (const fd of held) closeSync(fd);
    limit(usual);
    expect(share).toBeLessThan(0.5);
    expect(rig.warnings.filter((text) => text.includes("refused"))).toHaveLength(1);
    connect(STREAM);
    await until("service again", () => served.length === 21);
    expect(clients.some(closedByPeer)).toBe(false);
  });

  it("leaves no descriptor behind after 1000 connections", async () => {
    setUp(PACKETS, {}, ({ connection }) => connection.send(Buffer.from("ok"), [openSync("/dev/null", "r")]));
    const before = openFds();
    for (let i = 0; i < 1000; i += 1) {
      const fd = connect(PACKETS);
      peer.send(fd, Buffer.from("x"), i % 3);
      for (const each of (await take(fd)).fds) closeSync(each);
      close(fd);
    }
    await until("all ends", () => served.every(({ ended }) => ended === 1));
    expect(openFds()).toBe(before);
  });
});
