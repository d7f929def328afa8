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
  const open = () => {
    const files = createLingerFiles(directory, { info: note, warn: note, error: note });
    return {
      load: files.load,
      save: (uid: number, name: string) =>
        new Promise<string | null>((done) => files.saveLinger(uid, name, done)),
      erase: (uid: number) => new Promise<string | null>((done) => files.eraseLinger(uid, done)),
    };
  };

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

  it("are there after a boot, each readable by anybody", async () => {
    const before = process.umask(0o077);
    try {
      expect(await open().save(1000, "alice")).toBeNull();
      await open().save(1001, "bob");
      await open().save(1001, "robert");
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

  it("go, and going twice is no error", async () => {
    const files = open();
    expect(await files.erase(1000)).toBeNull();
    await files.save(1000, "alice");
    expect(await files.erase(1000)).toBeNull();
    expect(await files.erase(1000)).toBeNull();
    expect(open().load()).toEqual([]);
  });

  it("are written in the order of the orders, and an answer never comes before the call returns", async () => {
    const files = open();
    const answers: string[] = [];
    const all = ["a", "b", "c"].flatMap((name) => [
      files.save(1000, name).then(() => answers.push(name)),
      files.erase(1000).then(() => answers.push(`no ${name}`)),
    ]);
    const kept = files.save(1000, "last");
    expect(answers).toEqual([]);
    await Promise.all([...all, kept]);
    expect(answers).toEqual(["a", "no a", "b", "no b", "c", "no c"]);
    expect(files.load()).toEqual([{ uid: 1000, name: "last" }]);
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

  it("are not written through a link", async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${top}/canary`, "untouched");
    symlinkSync(`${top}/canary`, `${directory}/1000.tmp`);
    expect(await open().save(1000, "alice")).toMatch(/ELOOP/);
    expect(readFileSync(`${top}/canary`, "utf8")).toBe("untouched");
  });

  it("say when they cannot be read or written", async () => {
    writeFileSync(`${top}/lib`, "a file");
    expect(open().load()).toEqual([]);
    const files = open();
    expect(await files.save(1000, "alice")).toMatch(/ENOTDIR|EEXIST/);
    expect(await files.erase(1000)).toMatch(/ENOTDIR/);
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
      const save = (name) => new Promise((done) => files.saveLinger(1000, name, done));
      save("alice").then(() => {
        writeFileSync(directory + "/fill", "x".repeat(8192));
        return save("mallory");
      }).then((error) => {
        console.log(error);
        console.log(readdirSync(directory).join(), files.load().map(({ name }) => name).join());
      });`;
    writeFileSync(`${top}/full.cjs`, script);
    const mount = `mount -t tmpfs -o size=12k tmpfs "$1" && node ${top}/full.cjs "$1"`;
    const out = execFileSync("unshare", ["-m", "sh", "-c", mount, "sh", directory], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(out).toMatch(/ENOSPC.*\n1000,fill alice\n$/);
    expect(existsSync(`${directory}/1000`)).toBe(false);
  });
});
