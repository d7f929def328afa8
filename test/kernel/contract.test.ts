/** What every kernel keeps, the real one and its in-memory twin: the same cases against both. */

import { crc32 } from "node:zlib";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { awhile, endChildren, until } from "./rig.ts";
import { errnoOf, type World, worlds } from "./worlds.ts";

let nextUid = 61_000;

describe.each(worlds)("$name kernel", ({ make, unable }) => {
  describe.skipIf(unable)(`keeps the contract ${unable || ""}`, () => {
    let world: World;
    let uid = 0;
    const counts = new Map<string, number>();
    const count = (what: string) => () => void counts.set(what, (counts.get(what) ?? 0) + 1);
    const told = (what: string) => counts.get(what) ?? 0;

    beforeEach(() => {
      world = make();
      uid = nextUid++;
      counts.clear();
    });
    afterEach(() => world.end());
    afterAll(endChildren);

    it("has the checksum that zlib has", () => {
      for (const text of ["", "a", '{"name":"Zoë"}', "\u{1f980}".repeat(100_000)])
        expect(world.kernel.checksum(text)).toBe(crc32(text));
    });

    it("knows a process from a later one with its pid", async () => {
      const identity = await world.makeProcess();
      const later = { ...identity, start: "1", inode: identity.inode === "" ? "" : "1" };
      expect(world.kernel.alive(identity)).toBe(true);
      expect(world.kernel.alive(later)).toBe(false);
      expect(world.kernel.executableOf(later)).toBe("");
      expect(errnoOf(() => world.kernel.signalProcess(later, 9))).toBe("ESRCH");
      expect(errnoOf(() => world.kernel.enterScope("1", uid, later, {}))).toBe("ESRCH");
      expect(world.kernel.alive(identity)).toBe(true);
    });

    it("throws ESRCH for a process that is gone", async () => {
      const identity = await world.makeProcess();
      world.exit(identity.pid);
      await until("its end", () => errnoOf(() => world.kernel.process(identity.pid)) === "ESRCH");
      expect(world.kernel.alive(identity)).toBe(false);
      expect(world.kernel.executableOf(identity)).toBe("");
    });

    it("tells once that the leader exited", async () => {
      const identity = await world.makeProcess();
      world.kernel.watchLeader("1", identity, count("exited"));
      await awhile();
      expect(told("exited")).toBe(0);
      world.exit(identity.pid);
      await until("it is told", () => told("exited") === 1);
      await awhile();
      expect(told("exited")).toBe(1);
    });

    it("tells of a leader that is already gone, but not before the call returns", async () => {
      const identity = await world.makeProcess();
      world.exit(identity.pid);
      await until("its end", () => !world.kernel.alive(identity));
      world.kernel.watchLeader("1", identity, count("exited"));
      expect(told("exited")).toBe(0);
      await until("it is told", () => told("exited") === 1);
    });

    it("is silent about a leader that is not watched any more", async () => {
      const identity = await world.makeProcess();
      world.kernel.watchLeader("1", identity, count("exited"));
      world.kernel.unwatchLeader("1");
      world.exit(identity.pid);
      await awhile();
      expect(told("exited")).toBe(0);
    });

    it("moves the leader into its scope, finds it there, and tells when it is empty", async () => {
      const identity = await world.makeProcess();
      world.kernel.createSlice(uid, {});
      expect(world.kernel.process(identity.pid).session).toBeNull();
      world.kernel.enterScope("17", uid, identity, {});
      expect(world.kernel.process(identity.pid).session).toBe("17");
      expect(world.kernel.scopes()).toContainEqual({ id: "17", uid });
      expect(world.kernel.scopeProcesses("17", uid)).toMatchObject([{ pid: identity.pid, cgroup: "" }]);
      expect(world.kernel.sliceProcesses(uid)).toMatchObject([
        { pid: identity.pid, cgroup: "session-17.scope" },
      ]);
      world.kernel.watchScope("17", uid, count("emptied"));
      expect(errnoOf(() => world.kernel.removeScope("17", uid))).toBe("EBUSY");
      world.kernel.watchScope("17", uid, count("emptied"));
      await awhile();
      expect(told("emptied")).toBe(0);
      world.exit(identity.pid);
      await until("it is told", () => told("emptied") === 1);
      world.kernel.removeScope("17", uid);
      world.kernel.removeScope("17", uid);
      world.kernel.removeSlice(uid);
      expect(world.kernel.scopes()).not.toContainEqual({ id: "17", uid });
      await awhile();
      expect(told("emptied")).toBe(1);
    });

    it("tells of a scope that is empty already, but not before the call returns", async () => {
      world.kernel.watchScope("404", uid, count("emptied"));
      expect(told("emptied")).toBe(0);
      await until("it is told", () => told("emptied") === 1);
    });

    it("signals and kills what is in a scope, except the one to be spared", async () => {
      const [first, second] = [await world.makeProcess(), await world.makeProcess()];
      const outside = await world.makeProcess();
      world.kernel.createSlice(uid, {});
      world.kernel.enterScope("18", uid, first, {});
      world.kernel.enterScope("18", uid, second, {});
      world.kernel.signalScope("18", uid, 15, first.pid);
      await until("the end of one", () => !world.kernel.alive(second));
      expect(world.kernel.alive(first)).toBe(true);
      world.kernel.killScope("18", uid);
      await until("the end of the other", () => !world.kernel.alive(first));
      expect(world.kernel.alive(outside)).toBe(true);
    });

    it("cannot enter a scope without its slice", async () => {
      const identity = await world.makeProcess();
      expect(errnoOf(() => world.kernel.enterScope("19", uid, identity, {}))).toBe("ENOENT");
    });

    it("tells once when the last write end of a lifetime FIFO is gone", async () => {
      world.kernel.createLifetime("1", count("ended"));
      await awhile();
      expect(told("ended")).toBe(0);
      const [first, second] = [world.kernel.openLifetime("1"), world.kernel.openLifetime("1")];
      expect(world.kernel.lifetimeHeld("1")).toBe(true);
      world.closeFd(first);
      await awhile();
      expect(told("ended")).toBe(0);
      world.closeFd(second);
      await until("it is told", () => told("ended") === 1);
      expect(errnoOf(() => world.kernel.openLifetime("1"))).toBe("ENXIO");
      world.kernel.dropLifetime("1");
      world.kernel.dropLifetime("1");
      await awhile();
      expect(told("ended")).toBe(1);
      expect(errnoOf(() => world.kernel.openLifetime("1"))).toBe("ENOENT");
    });

    it("resumes after a restart what is held, and ends what is not", async () => {
      world.kernel.createLifetime("1", count("before"));
      world.kernel.createLifetime("2", count("before"));
      const held = world.kernel.openLifetime("1");
      const left = world.kernel.openLifetime("2");
      world.restart();
      world.closeFd(left);
      expect(world.kernel.lifetimeHeld("1")).toBe(true);
      expect(world.kernel.lifetimeHeld("2")).toBe(false);
      expect(world.kernel.lifetimeHeld("3")).toBe(false);
      world.kernel.resumeLifetime("1", count("first"));
      world.kernel.resumeLifetime("2", count("second"));
      expect(errnoOf(() => world.kernel.resumeLifetime("3", count("third")))).toBe("ENOENT");
      expect(told("second")).toBe(0);
      await until("the end of the second", () => told("second") === 1);
      await awhile();
      expect(told("first")).toBe(0);
      world.closeFd(held);
      await until("the end of the first", () => told("first") === 1);
      expect(told("before")).toBe(0);
    });

    it("tells the end of an inhibitor whose last write end is gone, or that nobody was given", async () => {
      for (const id of [1, 2, 3]) world.kernel.createInhibitor(id);
      const [first, second] = [world.kernel.openInhibitor(1), world.kernel.openInhibitor(1)];
      const early = world.kernel.openInhibitor(3);
      world.closeFd(early);
      await awhile();
      for (const id of [1, 2, 3]) world.kernel.watchInhibitor(id, count(`end ${id}`));
      expect(told("end 2")).toBe(0);
      await until("the end of the second", () => told("end 2") === 1);
      await until("the end of the third", () => told("end 3") === 1);
      world.closeFd(first);
      await awhile();
      expect(told("end 1")).toBe(0);
      expect(world.kernel.inhibitorHeld(1)).toBe(true);
      expect(world.kernel.inhibitorHeld(2)).toBe(false);
      world.closeFd(second);
      await until("the end of the first", () => told("end 1") === 1);
      expect(errnoOf(() => world.kernel.openInhibitor(1))).toBe("ENXIO");
      world.kernel.dropInhibitor(1);
      world.kernel.dropInhibitor(1);
      expect(errnoOf(() => world.kernel.openInhibitor(1))).toBe("ENOENT");
      expect(errnoOf(() => world.kernel.watchInhibitor(1, () => {}))).toBe("ENOENT");
      expect(world.kernel.inhibitors().sort()).toEqual([2, 3]);
      await awhile();
      for (const id of [1, 2, 3]) expect(told(`end ${id}`)).toBe(1);
    });

    it("finds after a restart which inhibitors are held", async () => {
      for (const id of [1, 2, 12]) world.kernel.createInhibitor(id);
      const held = world.kernel.openInhibitor(12);
      world.closeFd(world.kernel.openInhibitor(2));
      world.restart();
      expect(world.kernel.inhibitors().sort((a, b) => a - b)).toEqual([1, 2, 12]);
      expect([1, 2, 12, 13].map((id) => world.kernel.inhibitorHeld(id))).toEqual([false, false, true, false]);
      world.kernel.watchInhibitor(12, count("ended"));
      await awhile();
      expect(told("ended")).toBe(0);
      world.closeFd(held);
      await until("the end", () => told("ended") === 1);
    });

    it("finds after a restart the scopes and runtime directories that an earlier daemon made", async () => {
      const identity = await world.makeProcess();
      world.kernel.createSlice(uid, {});
      world.kernel.enterScope("20", uid, identity, {});
      const directory = world.kernel.createRuntimeDirectory(uid, uid, 1 << 20, 64);
      world.restart();
      expect(world.kernel.scopes()).toContainEqual({ id: "20", uid });
      expect(world.kernel.runtimeDirectories()).toContainEqual({ uid, directory });
      expect(world.kernel.alive(identity)).toBe(true);
      expect(world.kernel.process(identity.pid).session).toBe("20");
    });

    it("makes a runtime directory once and removes it, not before the call returns", async () => {
      expect(world.kernel.createRuntimeDirectory(uid, uid, 1 << 20, 64)).toBe("tmpfs");
      expect(world.kernel.createRuntimeDirectory(uid, uid, 1 << 20, 64)).toBe("tmpfs");
      expect(world.kernel.hasRuntimeSocket(uid, "bus")).toBe(false);
      let result: string | null | undefined;
      world.kernel.removeRuntimeDirectory(uid, uid, "tmpfs", (error) => {
        result = error;
      });
      expect(result).toBeUndefined();
      await until("the removal", () => result !== undefined);
      expect(result).toBeNull();
      expect(world.kernel.runtimeDirectories()).not.toContainEqual({ uid, directory: "tmpfs" });
    });

    it("lists the lifetime FIFOs that are there", () => {
      expect(world.kernel.lifetimes()).toEqual([]);
      world.kernel.createLifetime("21", () => {});
      world.kernel.createLifetime("22", () => {});
      world.kernel.dropLifetime("21");
      world.restart();
      expect(world.kernel.lifetimes()).toEqual(["22"]);
    });

    it("takes only the names of virtual terminals for terminals", () => {
      const names = [
        "tty0",
        "tty64",
        "tty01",
        "tty1x",
        "/dev/../dev/tty1",
        "ttyS0",
        "pts/1",
        "",
        "tty",
        "tty 1",
      ];
      expect(names.map((name) => world.kernel.ttyVt(name))).toEqual(names.map(() => 0));
    });
  });
});
