/** A client that is sent descriptors, as sessionctl is. */

import { execFileSync } from "node:child_process";
import { closeSync, readFileSync, readlinkSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { type Addon, AGAIN, BROKEN, loadAddon } from "../../daemon/src/kernel/addon.ts";
import { ADDON, loadPeer, openFds, unable } from "./rig.ts";

describe.skipIf(unable)(`received descriptors ${unable || ""}`, () => {
  const addon: Addon = unable ? (null as never) : loadAddon(ADDON);
  const peer = unable ? (null as never) : loadPeer();
  const buffer = Buffer.alloc(16);
  let open: number[] = [];

  const pair = () => {
    const ends = peer.pair();
    open.push(...ends);
    return ends;
  };

  afterEach(() => {
    for (const fd of open) closeSync(fd);
    open = [];
  });

  it("are ours, and nobody's whom we execute", () => {
    const [ours, theirs] = pair();
    const fds: number[] = [];
    expect(addon.receive(ours, buffer, fds)).toBe(AGAIN);
    peer.send(theirs, Buffer.from("two"), 2);
    expect(addon.receive(ours, buffer, fds)).toBe(3);
    open.push(...fds);
    expect(fds).toHaveLength(2);
    for (const fd of fds) {
      expect(readlinkSync(`/proc/self/fd/${fd}`)).toBe("/dev/null");
      const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "";
      expect(Number.parseInt(flags, 8) & 0o2000000).not.toBe(0);
    }
  });

  it("are closed when nobody asked for them, or with a message that was cut", () => {
    const [ours, theirs] = pair();
    const before = openFds();
    peer.send(theirs, Buffer.from("unasked"), 2);
    expect(addon.receive(ours, buffer)).toBe(7);
    const fds: number[] = [];
    peer.send(theirs, Buffer.alloc(17), 2);
    expect(addon.receive(ours, buffer, fds)).toBe(BROKEN);
    expect(fds).toEqual([]);
    expect(openFds()).toBe(before);
  });

  it("that find no room are an error, not fewer descriptors", () => {
    const script = `
      const load = (path) => { const module = { exports: {} }; process.dlopen(module, path); return module.exports; };
      const addon = load(process.argv[1]);
      const peer = load(process.argv[2]);
      const [ours, theirs] = peer.pair();
      const fds = [];
      peer.send(theirs, Buffer.from("many"), 100);
      console.log(addon.receive(ours, Buffer.alloc(16), fds), fds.length);`;
    const node = [
      process.execPath,
      "-e",
      script,
      ADDON,
      ADDON.replace("native/Release/sessionman", "test/peer"),
    ];
    const out = execFileSync("sh", ["-c", 'ulimit -n 60; exec "$@"', "sh", ...node]);
    expect(out.toString()).toBe(`${BROKEN} 0\n`);
  });

  it("need a daemon that listens", () => {
    expect(() => addon.connect("/nonexistent/socket")).toThrow("connect /nonexistent/socket: ENOENT");
    expect(() => addon.connect(`/${"x".repeat(108)}`)).toThrow("ENAMETOOLONG");
  });
});
