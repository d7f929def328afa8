/** Sockets that are served: limits, queues, and clients that do not read. */

import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { LIMITS, Listener, PACKETS, STREAM } from "./listener.ts";
import { awhile, busyShare, openFds, unable, until } from "./rig.ts";

describe.skipIf(unable)(`listen ${unable || ""}`, () => {
  const listener = new Listener();

  it("refuses one connection beyond the limit, and serves again when one has gone", async () => {
    listener.setUp(STREAM, { connections: 2 });
    const kept = listener.connect(STREAM);
    listener.connect(STREAM);
    const refused = listener.connect(STREAM);
    await until("the refusal", () => listener.closedByPeer(refused));
    expect(listener.served).toHaveLength(2);
    listener.close(kept);
    await until("the end of one", () => listener.first.ended === 1);
    listener.connect(STREAM);
    await until("another one", () => listener.served.length === 3);
  });

  it("limits each user but not root", async () => {
    listener.setUp(STREAM);
    for (let i = 0; i < 5; i += 1) listener.connect(STREAM, 4711);
    for (let i = 0; i < 5; i += 1) listener.connect(STREAM, 0);
    listener.connect(STREAM, 4712);
    await until("those allowed", () => listener.served.length === 3 + 5 + 1);
    await awhile();
    const uids = listener.served.map(({ connection }) => connection.peer.uid);
    expect(uids.filter((uid) => uid === 4711)).toHaveLength(3);
    expect(uids.filter((uid) => uid === 0)).toHaveLength(5);
    expect(uids.filter((uid) => uid === 4712)).toHaveLength(1);
  });

  it("sends what is queued to a client that has finished speaking, then ends", async () => {
    const size = 90_000;
    listener.setUp(STREAM, { queueBytes: 10_000_000 }, ({ connection }) => {
      for (let i = 0; i < 20; i += 1) connection.send(Buffer.alloc(size, i));
    });
    const fd = listener.connect(STREAM);
    listener.peer.send(fd, Buffer.from("?"), 0);
    listener.peer.shutdown(fd);
    await until("a queue", () => (listener.served[0]?.connection.queued ?? 0) > 0);
    await awhile();
    expect(listener.first.ended).toBe(0);
    let total = 0;
    let atEnd = false;
    await until("everything", () => {
      for (;;) {
        const got = listener.peer.receive(fd, 65_536);
        if (got === null) return false;
        if (got.bytes.length === 0) atEnd = true;
        if (atEnd) return true;
        total += got.bytes.length;
      }
    });
    expect(total).toBe(20 * size);
    await until("the end", () => listener.first.ended === 1);
  });

  it("does not spin over a client that hangs half closed with a full queue", async () => {
    listener.setUp(STREAM, { queueBytes: 10_000_000 }, ({ connection }) =>
      connection.send(Buffer.alloc(2_000_000)),
    );
    const fd = listener.connect(STREAM);
    listener.peer.send(fd, Buffer.from("?"), 0);
    listener.peer.shutdown(fd);
    await until("a queue", () => (listener.served[0]?.connection.queued ?? 0) > 0);
    expect(await busyShare()).toBeLessThan(0.5);
  });

  it("ends a client whose queue would grow beyond the limit", async () => {
    listener.setUp(STREAM);
    listener.connect(STREAM);
    await until("the connection", () => listener.served.length === 1);
    const { connection } = listener.first;
    for (let i = 0; i < 1000 && listener.first.ended === 0; i += 1) {
      connection.send(Buffer.alloc(50_000));
      expect(connection.queued).toBeLessThanOrEqual(LIMITS.queueBytes);
      await Promise.resolve();
    }
    expect(listener.first.ended).toBe(1);
    connection.send(Buffer.from("nobody"), [openSync("/dev/null", "r")]);
    expect(connection.queued).toBe(0);
  });

  it("passes a queued descriptor with its own bytes", async () => {
    listener.setUp(PACKETS, { queueBytes: 10_000_000 }, ({ connection }) => {
      for (let i = 0; i < 300; i += 1) connection.send(Buffer.alloc(1000, i), [openSync("/dev/null", "r")]);
    });
    const before = openFds();
    const fd = listener.connect(PACKETS);
    listener.peer.send(fd, Buffer.from("?"), 0);
    await until("a queue", () => (listener.served[0]?.connection.queued ?? 0) > 0);
    let count = 0;
    await until("all packets", () => {
      for (let got = listener.peer.receive(fd, 2000); got !== null; got = listener.peer.receive(fd, 2000)) {
        expect(got.fds).toHaveLength(1);
        expect(got.bytes[0]).toBe(count % 256);
        for (const each of got.fds) closeSync(each);
        count += 1;
      }
      return count === 300;
    });
    listener.close(fd);
    await until("the end", () => listener.first.ended === 1);
    expect(openFds()).toBe(before);
  });

  it("gives up a closed connection whose client does not read, and no other for it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      listener.setUp(STREAM, { queueBytes: 10_000_000 }, ({ connection }) => {
        connection.send(Buffer.alloc(2_000_000));
        connection.close();
      });
      const stuck = listener.connect(STREAM);
      const reading = listener.connect(STREAM);
      for (const fd of [stuck, reading]) listener.peer.send(fd, Buffer.from("?"), 0);
      let total = 0;
      await until("all of it", () => {
        for (
          let got = listener.peer.receive(reading, 65_536);
          got !== null;
          got = listener.peer.receive(reading, 65_536)
        ) {
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
      expect(listener.served.map(({ ended }) => ended)).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("serves others through a flood of connections", async () => {
    listener.setUp(STREAM, { connections: 50 });
    for (let i = 0; i < 400; i += 1) listener.connect(STREAM, 5000 + (i % 7));
    await awhile();
    expect(listener.served.length).toBeLessThanOrEqual(21);
    for (const fd of [...listener.fds]) listener.close(fd);
    const fd = listener.connect(STREAM);
    listener.peer.send(fd, Buffer.from("still there?"), 0);
    await until("an answer", () =>
      listener.served.some(({ received }) => String(received[0]) === "still there?"),
    );
  });

  it("refuses without spinning while it has no free descriptor", async () => {
    listener.setUp(STREAM, { connections: 10_000 });
    const clients = Array.from({ length: 20 }, () => listener.connect(STREAM));
    const held: number[] = [];
    const usual = Number(/^Max open files +([0-9]+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
    const limit = (count: number) =>
      execFileSync("prlimit", ["--pid", String(process.pid), `--nofile=${count}:`]);
    await until("the first ones", () => listener.served.length === 20);
    // connected, but not yet accepted: this thread has not been back in its loop
    const late = Array.from({ length: 20 }, () => listener.connect(STREAM));
    // some to spare: raising the limit again takes a few
    const top = Math.max(...late) + 40;
    for (let fd = openSync("/dev/null", "r"); ; fd = openSync("/dev/null", "r")) {
      held.push(fd);
      if (fd > top) break;
    }
    limit(Math.max(...held) + 1);
    await until("the refusals", () => late.every((fd) => listener.closedByPeer(fd)));
    const share = await busyShare();
    expect(listener.served).toHaveLength(20);
    for (const fd of held) closeSync(fd);
    limit(usual);
    expect(share).toBeLessThan(0.5);
    expect(listener.rig?.warnings.filter((text) => text.includes("refused"))).toHaveLength(1);
    listener.connect(STREAM);
    await until("service again", () => listener.served.length === 21);
    expect(clients.some((fd) => listener.closedByPeer(fd))).toBe(false);
  });

  it("leaves no descriptor behind after 1000 connections", async () => {
    listener.setUp(PACKETS, {}, ({ connection }) =>
      connection.send(Buffer.from("ok"), [openSync("/dev/null", "r")]),
    );
    const before = openFds();
    for (let i = 0; i < 1000; i += 1) {
      const fd = listener.connect(PACKETS);
      listener.peer.send(fd, Buffer.from("x"), i % 3);
      for (const each of (await listener.take(fd)).fds) closeSync(each);
      listener.close(fd);
    }
    await until("all ends", () => listener.served.every(({ ended }) => ended === 1));
    expect(openFds()).toBe(before);
  });
});
