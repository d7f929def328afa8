/** The exported state files on disk: the order of writes, the start, and what becomes of failures. */

import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expected, onDisk, useDisk } from "./sd-login-rig.ts";
import {
  EMPTY,
  inhibitor,
  onVt,
  session,
  withoutSeat,
  withSeat,
  withSession,
  withVt,
  worldOf,
} from "./sd-login-worlds.ts";

const disk = useDisk();

describe("the order of writes", () => {
  it("is sessions, seats, users; who loses before who gains", () => {
    const before = worldOf(session("1", onVt(1)), session("2", { uid: 1001, ...onVt(2) }));
    disk.files.published(EMPTY, before);
    disk.writes.length = 0;
    disk.files.published(before, withVt(before, 2));
    expect(disk.writes).toEqual(["sessions/1", "sessions/2", "seats/seat0", "users/1000", "users/1001"]);
    disk.writes.length = 0;
    disk.files.published(withVt(before, 2), before);
    expect(disk.writes).toEqual(["sessions/2", "sessions/1", "seats/seat0", "users/1001", "users/1000"]);
  });

  it("has nobody on a seat twice, even where a session is gone without a word", () => {
    const before = worldOf(session("1", onVt(1)));
    disk.files.published(EMPTY, before);
    disk.look = () => expect(existsSync(`${disk.directory}/sessions/1`)).toBe(false);
    disk.files.published(before, worldOf(session("2", { uid: 1001, ...onVt(1) })));
    expect(disk.writes).toContain("sessions/2");
    expect(disk.wrong).toEqual([]);
  });

  it("of an inhibitor is one file", () => {
    disk.files.published(EMPTY, EMPTY);
    disk.writes.length = 0;
    const world = { ...EMPTY, inhibitors: EMPTY.inhibitors.with(7, inhibitor(7)) };
    disk.files.published(EMPTY, world);
    expect(disk.writes).toEqual(["inhibit/7"]);
    disk.files.published(world, EMPTY);
    expect(readdirSync(`${disk.directory}/inhibit`)).toEqual([]);
  });

  it("of a seat that comes and goes is that of who is on it, too", () => {
    const before = withSeat(EMPTY, "seat1", { graphical: true, chosen: "1" });
    const world = withSession(before, session("1", { seat: "seat1", position: 1 }));
    disk.files.published(EMPTY, before);
    expect(readdirSync(`${disk.directory}/seats`).sort()).toEqual(["seat0", "seat1"]);
    disk.files.published(before, world);
    disk.files.published(world, withoutSeat(world, "seat1"));
    expect(readdirSync(`${disk.directory}/seats`)).toEqual(["seat0"]);
    expect(readdirSync(`${disk.directory}/sessions`)).toEqual([]);
  });

  it("of a login without a seat is two files", () => {
    const before = worldOf(session("1", onVt(1)));
    disk.files.published(EMPTY, before);
    disk.writes.length = 0;
    disk.files.published(before, withSession(before, session("2", { uid: 1001 })));
    expect(disk.writes).toEqual(["sessions/2", "users/1001"]);
  });
});

describe("the start", () => {
  it("makes what readers watch, and not what says that systemd runs", () => {
    disk.files.published(EMPTY, EMPTY);
    expect(readdirSync(disk.directory).sort()).toEqual(["inhibit", "machines", "seats", "sessions", "users"]);
    for (const folder of readdirSync(disk.directory))
      expect(statSync(`${disk.directory}/${folder}`).mode & 0o7777).toBe(0o755);
  });

  it("removes what does not belong and writes the rest again", () => {
    mkdirSync(`${disk.directory}/sessions/7`, { recursive: true, mode: 0o700 });
    chmodSync(`${disk.directory}/sessions`, 0o700);
    for (const name of ["sessions/1", "sessions/99", "sessions/99.ref", "sessions/.#1", "sessions/1.tmp"])
      writeFileSync(`${disk.directory}/${name}`, "ACTIVE=1\n");
    for (const name of ["inhibit", "machines"]) {
      mkdirSync(`${disk.directory}/${name}`);
      for (const id of ["7", "8", "8.ref"])
        writeFileSync(`${disk.directory}/${name}/${id}`, "someone else's");
    }
    const inhibitors = EMPTY.inhibitors.with(7, inhibitor(7));
    const world = { ...worldOf(session("1", onVt(2))), inhibitors };
    disk.files.published(EMPTY, world);
    expect(onDisk(disk)).toEqual(expected(world));
    expect(statSync(`${disk.directory}/sessions`).mode & 0o7777).toBe(0o755);
    expect(readdirSync(`${disk.directory}/inhibit`)).toEqual(["7"]);
    expect(readdirSync(`${disk.directory}/machines`)).toEqual(["7", "8", "8.ref"]);
    expect(disk.said).toEqual([]);
  });

  it("with a full disk takes away what an earlier daemon wrote", () => {
    mkdirSync(`${disk.directory}/users`, { recursive: true });
    writeFileSync(`${disk.directory}/users/1000`, "STATE=active\n");
    disk.fails = () => true;
    disk.files.published(EMPTY, worldOf(session("1", onVt(2))));
    expect([...onDisk(disk).keys()]).toEqual([]);
  });
});

describe("a write that fails", () => {
  beforeEach(() => void vi.useFakeTimers());

  it("is tried again after a second, and said once", () => {
    disk.files.published(EMPTY, EMPTY);
    disk.fails = () => true;
    const world = worldOf(session("1", onVt(1)), session("2"));
    disk.files.published(EMPTY, world);
    vi.advanceTimersByTime(5000);
    expect(disk.said).toEqual([`error: cannot write ${disk.directory}/sessions/2: ENOSPC`]);
    disk.fails = () => false;
    vi.advanceTimersByTime(1000);
    expect(onDisk(disk)).toEqual(expected(world));
    expect(disk.said.slice(1)).toEqual([`info: the files below ${disk.directory} are complete again`]);
    disk.writes.length = 0;
    vi.advanceTimersByTime(5000);
    expect(disk.writes).toEqual([]);
  });

  it("is tried again at the next change", () => {
    disk.files.published(EMPTY, EMPTY);
    disk.fails = (name) => name === "sessions/1";
    const one = worldOf(session("1"));
    disk.files.published(EMPTY, one);
    disk.fails = () => false;
    const two = withSession(one, session("2", { uid: 1001 }));
    disk.files.published(one, two);
    expect(onDisk(disk)).toEqual(expected(two));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not make thousands of attempts a second", () => {
    disk.files.published(EMPTY, EMPTY);
    let attempts = 0;
    disk.fails = () => ++attempts > 0;
    disk.files.published(EMPTY, worldOf(...Array.from({ length: 100 }, (_, i) => session(String(i + 1)))));
    expect(attempts).toBe(8);
  });

  it("because the directory was removed makes everything again", () => {
    const one = worldOf(session("1"));
    disk.files.published(EMPTY, one);
    rmSync(disk.directory, { recursive: true });
    disk.fails = () => !existsSync(`${disk.directory}/users`);
    const two = withSession(one, session("2", { uid: 1001 }));
    disk.files.published(one, two);
    vi.advanceTimersByTime(1000);
    expect(onDisk(disk)).toEqual(expected(two));
  });
});
