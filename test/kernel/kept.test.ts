/** Connections that the keeper has, too: what they carry, and what of it a daemon that ends leaves to the next. */

import { chmodSync, closeSync, openSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { ListenLimits } from "../../daemon/src/kernel/kernel.ts";
import type { KeptConnection } from "../../daemon/src/kernel/seat-kernel.ts";
import { awhile, busyShare, loadPeer, makeRig, openFds, type Rig, unable, until } from "./rig.ts";
import { RECORD } from "./runner.ts";

const LIMITS: ListenLimits = { connections: 8, connectionsPerUid: 3, queueBytes: 100_000, readBytes: 64 };
const [KEEP, FORGET, HELD] = [12, 13, 14];
const [END, CONNECTIONS] = [0, 3];

interface Served {
  readonly connection: KeptConnection;
  readonly shown: string[];
  ended: number;
}

describe.skipIf(unable)(`connections that are kept ${unable || ""}`, () => {
  const peer = unable ? (null as never) : loadPeer();
  let rig: Rig;
  let keeper = -1;
  let listener = -1;
  let served: Served[] = [];
  /** What the keeper has. */
  const kept = new Map<number, number>();
  const fds = new Set<number>();
  let refuses = false;

  const record = (op: number, value: number, uid: number, items: readonly number[] = []) => {
    const bytes = Buffer.alloc(RECORD);
    bytes.writeUInt32LE(op, 0);
    bytes.writeInt32LE(value, 8);
    bytes.writeUInt32LE(uid, 12);
    for (const [i, item] of items.entries()) bytes.writeUInt32LE(item, 20 + 4 * i);
    return bytes;
  };
  const followKeeper = () => {
    for (;;) {
      const next = peer.receive(keeper, RECORD);
      if (next === null || next.bytes.length === 0) return kept;
      const [op, number] = [next.bytes.readUInt32LE(0), next.bytes.readUInt32LE(8)];
      if (op === KEEP) kept.set(number, next.fds[0] ?? -1);
      if (op === FORGET) {
        closeSync(kept.get(number) ?? -1);
        kept.delete(number);
      }
    }
  };
  const serve = (limits: Partial<ListenLimits> = {}) => {
    served = [];
    // the keeper has its own
    return rig.kernel.serveKept(rig.addon.duplicate(listener), { ...LIMITS, ...limits }, (connection) => {
      if (refuses) return null;
      const one: Served = { connection, shown: [], ended: 0 };
      served.push(one);
      return {
        received: (bytes) => void one.shown.push(String(bytes)),
        ended: () => {
          one.ended += 1;
        },
      };
    });
  };
  const setUp = (limits: Partial<ListenLimits> = {}) => {
    const [ours, theirs] = peer.pair();
    keeper = ours;
    rig = makeRig({ channel: theirs });
    listener = peer.listen(`${rig.directory}/sock`, 0, 64);
    chmodSync(`${rig.directory}/sock`, 0o666);
    expect(serve(limits)).toBe(true);
  };
  /** The daemon ends, and the next one is told what the keeper has. */
  const restart = () => {
    followKeeper();
    closeSync(keeper);
    const [ours, theirs] = peer.pair();
    keeper = ours;
    for (const [number, fd] of kept) rig.addon.send(keeper, record(HELD, 1, CONNECTIONS, [number]), 0, [fd]);
    rig.addon.send(keeper, record(HELD, 0, END), 0, undefined);
    rig.restart(theirs);
  };
  const connect = async (uid = 0) => {
    const fd = peer.connect(`${rig.directory}/sock`, 0, uid);
    fds.add(fd);
    await awhileUntilServed();
    return fd;
  };
  const awhileUntilServed = async () => {
    const before = served.length;
    await until("it is served or refused", () => served.length > before || refuses).catch(() => {});
  };
  const close = (fd: number) => {
    fds.delete(fd);
    closeSync(fd);
  };
  const receive = (fd: number) => peer.receive(fd, 4096);
  const first = () => served[0] as Served;

  afterEach(() => {
    rig.kernel.close();
    followKeeper();
    for (const fd of [...fds, ...kept.values(), keeper, listener]) closeSync(fd);
    fds.clear();
    kept.clear();
    refuses = false;
  });

  it("shows what came until it is done with, and nothing more meanwhile", async () => {
    setUp();
    const client = await connect();
    expect([...followKeeper().keys()]).toEqual([first().connection.number]);
    expect(first().connection).toMatchObject({ peer: { pid: process.pid, uid: 0 }, queued: 0 });
    peer.send(client, Buffer.from("one"), 0);
    await until("it is shown", () => first().shown.length === 1);
    peer.send(client, Buffer.from("two"), 0);
    await awhile();
    expect(first().shown).toEqual(["one"]);
    first().connection.proceed(3);
    await until("the next", () => first().shown.length === 2);
    first().connection.proceed(1);
    await until("the rest", () => first().shown.length === 3);
    first().connection.proceed(2);
    await awhile();
    expect(first().shown).toEqual(["one", "two", "wo"]);
  });

  it("shows what is not enough again, without haste", async () => {
    setUp();
    const client = await connect();
    peer.send(client, Buffer.from("be"), 0);
    await until("it is shown", () => first().shown.length === 1);
    first().connection.proceed(0);
    expect(await busyShare()).toBeLessThan(0.5);
    expect(first().shown).toEqual(["be", "be"]);
    peer.send(client, Buffer.from("ginning"), 0);
    first().connection.proceed(0);
    await until("all of it", () => first().shown.length === 3);
    expect(first().shown[2]).toBe("beginning");
  });

  it("does not spin while a request waits for its answer, and hears of the end", async () => {
    setUp();
    const client = await connect();
    peer.send(client, Buffer.from("a request"), 0);
    await until("it is shown", () => first().shown.length === 1);
    expect(await busyShare()).toBeLessThan(0.5);
    close(client);
    await until("the end", () => first().ended === 1);
    expect(followKeeper().size).toBe(0);
    first().connection.proceed(9);
    first().connection.close();
  });

  it("passes descriptors, and closes those that clients pass", async () => {
    setUp();
    const client = await connect();
    followKeeper();
    const before = openFds();
    peer.send(client, Buffer.from("take"), 2);
    await until("it is shown", () => first().shown.length === 1);
    first().connection.proceed(4);
    first().connection.send(Buffer.from("answer"), [openSync("/dev/null", "r")]);
    expect(openFds()).toBe(before);
    const got = receive(client);
    expect([String(got?.bytes), got?.fds.length]).toEqual(["answer", 1]);
    for (const fd of got?.fds ?? []) closeSync(fd);
  });

  it("is done with a request when its answer is sent", async () => {
    setUp();
    const client = await connect();
    peer.send(client, Buffer.from("one"), 0);
    await until("it is shown", () => first().shown.length === 1);
    first().connection.answer(3, Buffer.from("answer"), [openSync("/dev/null", "r")]);
    const got = receive(client);
    expect([String(got?.bytes), got?.fds.length]).toEqual(["answer", 1]);
    for (const fd of got?.fds ?? []) closeSync(fd);
    const before = openFds();
    first().connection.answer(3, Buffer.from("nobody asked"), [openSync("/dev/null", "r")]);
    expect(openFds()).toBe(before);
    expect(receive(client)).toBeNull();
    await awhile();
    expect(first().shown).toEqual(["one"]);
  });

  it("does not listen to a slow client, and gives up one that is too slow", async () => {
    setUp();
    const client = await connect();
    const full = () => {
      while (first().connection.queued === 0) first().connection.send(Buffer.alloc(1000));
    };
    full();
    peer.send(client, Buffer.from("onetwo"), 0);
    await until("it is shown", () => first().shown.length === 1);
    first().connection.answer(3, Buffer.from("answer"));
    await awhile();
    expect(first().shown).toEqual(["onetwo"]);
    await until("the next is shown", () => {
      receive(client);
      return first().shown.length === 2;
    });
    expect([first().shown[1], first().connection.queued]).toEqual(["two", 0]);
    full();
    for (let i = 0; i < 110; i += 1)
      first().connection.send(Buffer.alloc(1000), [openSync("/dev/null", "r")]);
    await until("the end", () => first().ended === 1);
  });

  it("sends what is queued before it closes, and the client is at its end though the keeper had it", async () => {
    setUp();
    const client = await connect();
    first().connection.send(Buffer.from("last"));
    first().connection.close();
    first().connection.send(Buffer.from("more"));
    expect(String(receive(client)?.bytes)).toBe("last");
    expect(receive(client)).toBeNull();
    followKeeper();
    await until("the end", () => receive(client)?.bytes.length === 0);
    expect(first().ended).toBe(0);
  });

  it("leaves to the next daemon what is not done with", async () => {
    setUp();
    const [client, other] = [await connect(), await connect()];
    const numbers = served.map(({ connection }) => connection.number);
    peer.send(client, Buffer.from("unanswered"), 0);
    await until("it is shown", () => first().shown.length === 1);
    restart();
    expect(receive(client)).toBeNull();
    serve();
    expect(served.map(({ connection }) => connection.number)).toEqual(numbers);
    expect(served.map(({ connection }) => String(connection.waiting))).toEqual(["unanswered", ""]);
    expect(rig.kernel.held().clients).toEqual(numbers);
    await until("it is shown again", () => first().shown.length === 1);
    first().connection.send(Buffer.from("answer"));
    first().connection.proceed(10);
    expect(String(receive(client)?.bytes)).toBe("answer");
    const third = await connect();
    expect(Math.max(...numbers)).toBeLessThan(served[2]?.connection.number ?? 0);
    for (const fd of [client, other, third]) close(fd);
    await until("the ends", () => served.every(({ ended }) => ended === 1));
    expect(followKeeper().size).toBe(0);
  });

  it("hears of a client that left while there was no daemon", async () => {
    setUp();
    const client = await connect();
    restart();
    close(client);
    serve();
    await until("the end", () => first().ended === 1);
    expect(followKeeper().size).toBe(0);
  });

  it("counts connections of all daemons together", async () => {
    setUp();
    for (let i = 0; i < 3; i += 1) await connect(4711);
    restart();
    serve();
    expect(served).toHaveLength(3);
    const refused = peer.connect(`${rig.directory}/sock`, 0, 4711);
    await until("the refusal", () => receive(refused)?.bytes.length === 0);
    closeSync(refused);
    await connect(4712);
    expect(served).toHaveLength(4);
  });

  it("closes whom the handler refuses, old and new", async () => {
    setUp();
    const client = await connect();
    restart();
    refuses = true;
    serve();
    expect(rig.kernel.held().clients).toEqual([]);
    followKeeper();
    await until("the end", () => receive(client)?.bytes.length === 0);
    const other = await connect();
    await until("the end", () => receive(other)?.bytes.length === 0);
    expect(followKeeper().size).toBe(0);
  });

  it("goes on with old connections where nobody may connect any more", async () => {
    setUp();
    const client = await connect();
    restart();
    closeSync(listener);
    listener = openSync("/dev/null", "r");
    expect(serve()).toBe(false);
    peer.send(client, Buffer.from("still"), 0);
    await until("it is shown", () => first().shown.length === 1);
  });
});
