/** The files of lingering users. */

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLingerFiles } from "../../daemon/src/store/lingering.ts";

describe("the files of lingering users", () => {
  let top: string;
  let directory: string;
  const said: string[] = [];
  const note = (message: string) => void said.push(message);
  const open = () => createLingerFiles(directory, { info: note, warn: note, error: note });

  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), "sessionman-linger-"));
    directory = `${top}/lib/linger`;
    said.length = 0;
  });
  afterEach(() => rmSync(top, { recursive: true }));

  it("are none without a directory", () => {
    expect(open().load()).toEqual([]);
    expect(said).toEqual([]);
  });

  it("are there after a boot, each readable by anybody", () => {
    const before = process.umask(0o077);
    try {
      open().saveLinger(1000, "alice");
      open().saveLinger(1001, "bob");
      open().saveLinger(1001, "robert");
    } finally {
      process.umask(before);
    }
    expect(readFileSync(`${directory}/1000`, "utf8")).toBe("alice\n");
    expect(statSync(`${directory}/1000`).mode & 0o7777).toBe(0o644);
    expect(readdirSync(directory)).toEqual(["1000", "1001"]);
    expect(open().load()).toEqual([
      { uid: 1000, name: "alice" },
      { uid: 1001, name: "robert" },
    ]);
  });

  it("go, and going twice is no error", () => {
    const files = open();
    files.eraseLinger(1000);
    files.saveLinger(1000, "alice");
    files.eraseLinger(1000);
    files.eraseLinger(1000);
    expect(open().load()).toEqual([]);
  });

  it("may have been written by hand", () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/1000`, "alice");
    expect(open().load()).toEqual([{ uid: 1000, name: "alice" }]);
  });

  it("do not include anything else, which is named and left alone", () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${top}/secret`, "alice\n");
    const odd: Record<string, string> = {
      alice: "alice\n",
      "01000": "alice\n",
      "65535": "nobody\n",
      "4294967295": "nobody\n",
      "1.tmp.bak": "alice\n",
      "2": "",
      "3": "\n",
      "4": "alice\n\n",
      "5": "alice\nbob\n",
      "6": "-alice\n",
      "7": "../alice\n",
      "8": `${"a".repeat(2000)}\n`,
      "9": "a:b\n",
    };
    for (const [name, content] of Object.entries(odd)) writeFileSync(`${directory}/${name}`, content);
    mkdirSync(`${directory}/10`);
    symlinkSync(`${top}/secret`, `${directory}/11`);
    execFileSync("mkfifo", [`${directory}/12`]);
    const before = readdirSync(directory);
    expect(open().load()).toEqual([]);
    expect(said).toHaveLength(before.length);
    expect(readdirSync(directory)).toEqual(before);
  });

  it("lose what a crash left of a write", () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/1000.tmp`, "ali");
    expect(open().load()).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
    expect(said).toEqual([]);
  });

  it("are not written through a link", () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${top}/canary`, "untouched");
    symlinkSync(`${top}/canary`, `${directory}/1000.tmp`);
    expect(() => open().saveLinger(1000, "alice")).toThrow(/ELOOP/);
    expect(readFileSync(`${top}/canary`, "utf8")).toBe("untouched");
  });

  it("say when they cannot be read or written", () => {
    writeFileSync(`${top}/lib`, "a file");
    expect(open().load()).toEqual([]);
    expect(() => open().saveLinger(1000, "alice")).toThrow(/ENOTDIR|EEXIST/);
    expect(() => open().eraseLinger(1000)).toThrow(/ENOTDIR/);
    expect(said).toHaveLength(1);
  });

  it.skipIf(process.getuid?.() !== 0)("keep the old one when the disk is full", () => {
    mkdirSync(directory, { recursive: true });
    buildSync({
      entryPoints: [new URL("../../daemon/src/store/lingering.ts", import.meta.url).pathname],
      outfile: `${top}/lingering.cjs`,
      bundle: true,
      platform: "node",
    });
    const script = `
      const { readdirSync, writeFileSync } = require("node:fs");
      const [directory] = process.argv.slice(2);
      const files = require("./lingering.cjs").createLingerFiles(directory, console);
      files.saveLinger(1000, "alice");
      writeFileSync(directory + "/fill", "x".repeat(8192));
      try { files.saveLinger(1000, "mallory"); } catch (error) { console.log(error.code); }
      console.log(readdirSync(directory).join(), files.load().map(({ name }) => name).join());`;
    writeFileSync(`${top}/full.cjs`, script);
    const mount = `mount -t tmpfs -o size=12k tmpfs "$1" && node ${top}/full.cjs "$1"`;
    const out = execFileSync("unshare", ["-m", "sh", "-c", mount, "sh", directory], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(out).toBe(`ENOSPC\n1000,fill alice\n`);
    expect(existsSync(`${directory}/1000`)).toBe(false);
  });
});
