/** What every kernel keeps about users' service managers: the same cases against the real one and its twin. */

import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ManagerNews } from "../../daemon/src/core/model.ts";
import type { ManagerOrder } from "../../daemon/src/loop/ports.ts";
import { awhile, endChildren, until } from "./rig.ts";
import { errnoOf, type World, worlds } from "./worlds.ts";

let nextUid = 65_600;

describe.each(worlds)("$name kernel", ({ make, unable }) => {
  describe.skipIf(unable)(`keeps the contract of service managers ${unable || ""}`, () => {
    let world: World;
    let order: ManagerOrder;
    let uid = 0;
    let news: ManagerNews[];
    let cleaned: number;
    const told = (each: ManagerNews) => void news.push(each);
    const clean = () =>
      world.kernel.cleanManager(uid, () => {
        cleaned += 1;
      });
    const start = () => {
      const before = news.length;
      world.kernel.startManager(order, told);
      expect(news).toHaveLength(before);
      return world.runner(uid);
    };
    const last = () => news.at(-1);

    beforeEach(() => {
      world = make();
      uid = nextUid++;
      order = { uid, gid: uid, user: "alice", backend: "/usr/lib/sessionman/backends/none" };
      news = [];
      cleaned = 0;
      world.kernel.createSlice(uid, {});
    });
    afterEach(async () => {
      if (world.kernel.managers().some((each) => each.uid === uid)) {
        const before = cleaned;
        world.kernel.killManager(uid);
        clean();
        await until("the end", () => cleaned > before, 10_000);
      }
      world.kernel.removeSlice(uid);
      world.end();
    });
    afterAll(endChildren);

    it("signals the manager and what it runs, and leaves sessionman-run and others alone", async () => {
      const other = await world.makeProcess();
      const runner = await start();
      const pid = await runner.fork();
      world.kernel.signalManager(uid, 0);
      world.kernel.signalManager(uid, 15);
      await until("its end", () => errnoOf(() => world.kernel.process(pid)) === "ESRCH");
      expect(world.kernel.alive(other)).toBe(true);
      expect(world.kernel.managers()).toContainEqual(expect.objectContaining({ uid }));
      world.kernel.signalManager(uid + 1, 15);
    });

    it("starts one, tells how it comes up, and passes orders on", async () => {
      const runner = await start();
      expect(world.kernel.managers()).toContainEqual({ uid, alive: true });
      const pid = await runner.fork();
      await until("its pid", () => last()?.state === "starting" && news.length > 0);
      await until("its pid", () => news.some((each) => each.state === "starting" && each.pid === pid));
      runner.say("ready", String(pid));
      runner.say("running", String(pid), "exit code 3");
      await until("it runs", () => last()?.state === "running");
      expect(news.slice(-2)).toEqual([
        { state: "ready", pid, message: "" },
        { state: "running", pid, message: "exit code 3" },
      ]);
      expect(world.kernel.managerPath(uid)).toBe(`/user.slice/user-${uid}.slice/user@${uid}.service`);
      expect(world.kernel.sliceProcesses(uid)).toContainEqual(
        expect.objectContaining({ pid, cgroup: `user@${uid}.service/init.scope` }),
      );
      world.kernel.tellEnvironment(uid, new Map([["WAYLAND_DISPLAY", "wayland-0"]]), ["DISPLAY"]);
      world.kernel.tellEnvironment(uid, new Map(), []);
      world.kernel.tellGraphical(uid, "start");
      world.kernel.tellGraphical(uid, "stop");
      world.kernel.orderManager(uid, "stop");
      await until("all orders", () => runner.orders.length === 4);
      expect(runner.orders).toEqual([
        ["environment", "WAYLAND_DISPLAY=wayland-0", "DISPLAY"],
        ["graphical", "start"],
        ["graphical", "stop"],
        ["stop"],
      ]);
      runner.end("exit code 0");
      await until("the end", () => last()?.state === "ended");
      expect(last()).toEqual({ state: "ended", message: "exit code 0" });
      await until("nobody answers", () => !world.kernel.managers().some((each) => each.alive));
      expect(world.kernel.managers()).toContainEqual({ uid, alive: false });
    });

    it("cleans once, not before the call returns, and leaves nothing", async () => {
      const runner = await start();
      await runner.fork();
      runner.end("exit code 0");
      await until("the end", () => last()?.state === "ended");
      clean();
      expect(cleaned).toBe(0);
      await until("it is clean", () => cleaned === 1);
      expect(world.kernel.managers()).toEqual([]);
      expect(errnoOf(() => world.kernel.adoptManager(uid, told))).toBe("ECONNREFUSED");
      world.kernel.removeSlice(uid);
      world.kernel.createSlice(uid, {});
      await awhile();
      expect(cleaned).toBe(1);
      expect(news.filter((each) => each.state === "ended")).toHaveLength(1);
    });

    it("cleans what was never there", async () => {
      clean();
      expect(cleaned).toBe(0);
      await until("it is clean", () => cleaned === 1);
    });

    it("tells that it was killed", async () => {
      const runner = await start();
      await runner.fork();
      await until("its pid", () => news.length > 0);
      world.kernel.killManager(uid);
      await until("the end", () => last()?.state === "ended");
      expect(last()).toEqual({ state: "ended", message: "signal 9" });
    });

    it("tells nothing more once it is being cleaned away", async () => {
      const runner = await start();
      const pid = await runner.fork();
      await until("its pid", () => news.length > 0);
      await until("its pid", () => last()?.state === "starting");
      const before = news.filter((each) => each.state === "ended").length;
      world.kernel.killManager(uid);
      clean();
      await until("it is clean", () => cleaned === 1, 10_000);
      expect(news.filter((each) => each.state === "ended")).toHaveLength(before);
      expect(errnoOf(() => world.kernel.process(pid))).toBe("ESRCH");
      expect(world.kernel.managers()).toEqual([]);
    });

    it("sends TERM to the manager", async () => {
      const runner = await start();
      const pid = await runner.fork();
      world.kernel.orderManager(uid, "term");
      await until("its end", () => errnoOf(() => world.kernel.process(pid)) === "ESRCH");
      await until("it is told", () => last()?.state === "ended");
    });

    it("tells that sessionman-run is gone without a word, and starts another one after the cleaning", async () => {
      const runner = await start();
      await runner.fork();
      await until("its pid", () => news.length > 0);
      runner.exit();
      await until("the end", () => last()?.state === "ended");
      expect(last()).toEqual({ state: "ended", message: "sessionman-run is gone" });
      expect(world.kernel.managers()).toContainEqual({ uid, alive: false });
      clean();
      await until("it is clean", () => cleaned === 1);
      const next = await start();
      const pid = await next.fork();
      await until("its pid", () => news.some((each) => "pid" in each && each.pid === pid));
    });

    it.each(["starting", "ready", "running"] as const)(
      "finds one that is %s after a restart and listens to it again",
      async (state) => {
        const runner = await start();
        const pid = await runner.fork();
        if (state !== "starting") runner.say("ready", String(pid));
        if (state === "running") runner.say("running", String(pid), "");
        await until("its state", () => last()?.state === state);
        world.restart();
        news = [];
        expect(world.kernel.managers()).toContainEqual({ uid, alive: true });
        world.kernel.adoptManager(uid, told);
        expect(news).toEqual([]);
        await until("its state", () => news.length > 0);
        expect(news).toEqual([{ state, pid, message: "" }]);
        expect(errnoOf(() => world.kernel.process(pid))).toBe("");
        world.kernel.orderManager(uid, "stop");
        await until("the order", () => runner.orders.length === 1);
        runner.end("exit code 0");
        await until("the end", () => last()?.state === "ended");
      },
    );

    it("finds after a restart that one has ended meanwhile", async () => {
      const runner = await start();
      await runner.fork();
      await until("its pid", () => news.length > 0);
      runner.exit();
      world.restart();
      expect(world.kernel.managers()).toContainEqual({ uid, alive: false });
      expect(errnoOf(() => world.kernel.adoptManager(uid, told))).toBe("ECONNREFUSED");
    });

    it("kills and cleans one that was found and not adopted", async () => {
      const runner = await start();
      const pid = await runner.fork();
      world.restart();
      expect(world.kernel.managers()).toContainEqual({ uid, alive: true });
      world.kernel.killManager(uid);
      clean();
      await until("it is clean", () => cleaned === 1, 10_000);
      expect(errnoOf(() => world.kernel.process(pid))).toBe("ESRCH");
    });

    it("does not start one without its slice, and does not speak of it", async () => {
      world.kernel.removeSlice(uid);
      expect(errnoOf(() => world.kernel.startManager(order, told))).toBe("ENOENT");
      await awhile();
      expect(news).toEqual([]);
      expect(world.kernel.managers()).toEqual([]);
      world.kernel.orderManager(uid, "stop");
      world.kernel.killManager(uid);
      world.kernel.tellGraphical(uid, "stop");
    });

    it("keeps the slice while a manager is in it", async () => {
      await start();
      world.kernel.removeSlice(uid);
      expect(world.kernel.managers()).toContainEqual({ uid, alive: true });
    });

    it("shows what it wrote, also after its end, until that is erased", async () => {
      expect(world.kernel.managerLog(uid)).toBe("");
      const runner = await start();
      world.write(uid, "first line\nsecond line\n");
      expect(world.kernel.managerLog(uid)).toBe("first line\nsecond line\n");
      runner.end("exit code 0");
      clean();
      await until("it is clean", () => cleaned === 1);
      expect(world.kernel.managerLog(uid)).toBe("first line\nsecond line\n");
      world.kernel.eraseManager(uid);
      world.kernel.eraseManager(uid);
      expect(world.kernel.managerLog(uid)).toBe("");
    });
  });
});
