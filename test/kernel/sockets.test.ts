/** Sockets that are served: who comes, what they say, what they are given. */

import { closeSync, openSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LIMITS, Listener, PACKETS, STREAM } from "./listener.ts";
import { awhile, openFds, unable, until } from "./rig.ts";

describe.skipIf(unable)(`listen ${unable || ""}`, () => {
  const listener = new Listener();

  it("says who connected, by the kernel's word", async () => {
    listener.setUp(PACKETS);
    listener.connect(PACKETS, 0);
    listener.connect(PACKETS, 4711);
    await until("two connections", () => listener.served.length === 2);
    expect(listener.served.map(({ connection }) => connection.peer.uid)).toEqual([0, 4711]);
    expect(listener.first.connection.peer).toMatchObject({ pid: process.pid, gid: 0 });
    const groups = /^Groups:\t(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
    expect(listener.first.connection.peer.groups).toEqual(groups.split(" ").filter(Boolean).map(Number));
  });

  it("keeps the bounds of packets, and their order", async () => {
    listener.setUp(PACKETS);
    const fd = listener.connect(PACKETS);
    for (const text of ["one", "two", "three"]) listener.peer.send(fd, Buffer.from(text), 0);
    await until("three packets", () => listener.served[0]?.received.length === 3);
    expect(listener.first.received.map(String)).toEqual(["one", "two", "three"]);
  });

  it("tells of a client that has not sent yet, and only of such", async () => {
    listener.setUp(PACKETS);
    const late = listener.connect(PACKETS);
    await until("the connection", () => listener.served.length === 1);
    listener.peer.send(late, Buffer.from("late"), 0);
    // sent before this thread is back in its loop to accept
    listener.peer.send(listener.connect(PACKETS), Buffer.from("at once"), 0);
    await until(
      "both",
      () => listener.served.length === 2 && listener.served.every(({ received }) => received.length === 1),
    );
    expect(listener.served.map(({ waited }) => waited)).toEqual([1, 0]);
  });

  it("answers with a descriptor, which is closed here and open there", async () => {
    listener.setUp(PACKETS, {}, ({ connection }) =>
      connection.send(Buffer.from("take"), [openSync("/dev/null", "r")]),
    );
    const fd = listener.connect(PACKETS);
    const before = openFds();
    listener.peer.send(fd, Buffer.from("give"), 0);
    const answer = await listener.take(fd);
    expect(String(answer.bytes)).toBe("take");
    expect(answer.fds).toHaveLength(1);
    for (const each of answer.fds) closeSync(each);
    // the connection itself is the one more
    expect(openFds()).toBe(before + 1);
  });

  it("closes what clients pass to it", async () => {
    listener.setUp(PACKETS);
    const fd = listener.connect(PACKETS);
    await until("the connection", () => listener.served.length === 1);
    const before = openFds();
    for (let i = 0; i < 20; i += 1) listener.peer.send(fd, Buffer.from("x"), 200);
    await until("all of them", () => listener.first.received.length === 20);
    expect(openFds()).toBe(before);
  });

  it("takes a packet of the limit and ends the connection after one byte more", async () => {
    listener.setUp(PACKETS);
    const fd = listener.connect(PACKETS);
    listener.peer.send(fd, Buffer.alloc(LIMITS.readBytes), 0);
    await until("the packet", () => listener.served[0]?.received.length === 1);
    expect(listener.first.received[0]).toHaveLength(LIMITS.readBytes);
    listener.peer.send(fd, Buffer.alloc(LIMITS.readBytes + 1), 0);
    await until("the end", () => listener.first.ended === 1);
    expect(listener.first.received).toHaveLength(1);
    expect(listener.closedByPeer(fd)).toBe(true);
  });

  it("tells of no end that it made itself", async () => {
    listener.setUp(STREAM, {}, ({ connection }) => {
      connection.send(Buffer.from("bye"));
      connection.close();
      connection.close();
    });
    const fd = listener.connect(STREAM);
    listener.peer.send(fd, Buffer.from("?"), 0);
    let text = "";
    await until("the end", () => {
      const got = listener.peer.receive(fd, 100);
      text += got?.bytes ?? "";
      return got !== null && got.bytes.length === 0;
    });
    expect(text).toBe("bye");
    await awhile();
    expect(listener.first.ended).toBe(0);
  });

  it("tells of the end of a client that sent and went, after what it sent", async () => {
    listener.setUp(PACKETS);
    const fd = listener.connect(PACKETS);
    listener.peer.send(fd, Buffer.from("last words"), 0);
    listener.close(fd);
    await until("the end", () => listener.served[0]?.ended === 1);
    expect(listener.first.received.map(String)).toEqual(["last words"]);
  });
});
