import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLog, type LogOptions } from "../daemon/src/log.ts";
import { bundleText } from "./bundle.ts";

let directory = "";
let path = "";
let fd = -1;

beforeEach(() => {
  directory = fs.mkdtempSync(`${tmpdir()}/sessionman-log-`);
  path = `${directory}/log`;
  fd = fs.openSync(path, "a");
});
afterEach(() => {
  fs.closeSync(fd);
  fs.rmSync(directory, { recursive: true });
});

const options = (format: LogOptions["format"], level: LogOptions["level"] = "info"): LogOptions => ({
  level,
  format,
});
const lines = (): string[] => fs.readFileSync(path, "utf8").split("\n").slice(0, -1);

describe("a line", () => {
  test("is JSON with level, time, message and fields, in the order of the calls", () => {
    const log = createLog(options("auto"), fd);
    log.info("one", { session: "3", nested: { a: [1] } });
    log.error("two");
    log.warn("three");
    log.flush();
    const parsed = lines().map((line) => JSON.parse(line));
    expect(parsed).toEqual([
      { level: "info", time: expect.any(String), session: "3", nested: { a: [1] }, msg: "one" },
      { level: "error", time: expect.any(String), msg: "two" },
      { level: "warn", time: expect.any(String), msg: "three" },
    ]);
    expect(new Date(parsed[0].time).toISOString()).toBe(parsed[0].time);
  });

  test("keeps the time of its call, although it is written later", async () => {
    const log = createLog(options("json"), fd);
    const before = Date.now();
    log.info("early");
    const after = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const written = Date.parse(JSON.parse(lines()[0] ?? "").time);
    expect(written).toBeGreaterThanOrEqual(before);
    expect(written).toBeLessThanOrEqual(after);
  });

  test("is for people if so configured", () => {
    const log = createLog(options("human"), fd);
    log.warn("cannot mount", { uid: 1000, path: "/run/user/1000", why: "no space", none: "", list: [1] });
    log.flush();
    expect(lines()[0]).toMatch(
      /^\d\d:\d\d:\d\d warn {2}cannot mount uid=1000 path=\/run\/user\/1000 why="no space" none="" list=\[1\]$/,
    );
  });

  test.each(["json", "human"] as const)("has nothing that a terminal would obey (%s)", (format) => {
    const evil = "\u001b[31m\u009b2J\r\n\u202e\u2028\u007f\0\ud800";
    const log = createLog(options(format), fd);
    log.info(`m${evil}`, { user: `u${evil}`, [`k${evil}`]: 1 });
    log.flush();
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatch(/^[\x20-\x7e]+$/);
    if (format === "json") expect(JSON.parse(lines()[0] ?? "").user.slice(0, 9)).toBe(`u${evil}`.slice(0, 9));
  });

  test("with values that JSON does not know does not throw", () => {
    const log = createLog(options("json"), fd);
    const circle: { self?: object } = {};
    circle.self = circle;
    const trap = {
      get x() {
        throw new Error("trap");
      },
    };
    log.info("odd", { big: 5n, circle, error: new Error("why"), no: undefined });
    log.info("trap", trap);
    log.info("last");
    log.flush();
    expect(JSON.parse(lines()[0] ?? "").error).toMatch(/^Error: why\n/);
    expect(lines().map((line) => JSON.parse(line).msg)).toEqual(["odd", "trap", "last"]);
  });
});

test.each([
  [7, ["debug", "info", "warn", "error"]],
  [6, ["info", "warn", "error"]],
  [5, ["warn", "error"]],
  [4, ["warn", "error"]],
  [3, ["error"]],
  [2, []],
  [0, []],
])("severity %i lets pass what is as severe, until it is configured anew", (severity, passed) => {
  const log = createLog(options("json"), fd);
  expect(log.severity).toBe(6);
  log.setSeverity(severity);
  expect(log.severity).toBe(severity);
  for (const level of ["debug", "info", "warn", "error"] as const) log[level]("line");
  log.configure(options("json", "error"));
  expect(log.severity).toBe(3);
  log.warn("unheard");
  log.flush();
  expect(lines().map((line) => JSON.parse(line).level)).toEqual(passed);
});

test("the level holds until it is configured anew", () => {
  const log = createLog(options("json", "warn"), fd);
  log.info("not this");
  log.warn("this");
  log.configure(options("json", "debug"));
  log.debug("and this");
  log.flush();
  expect(lines().map((line) => JSON.parse(line).msg)).toEqual(["this", "and this"]);
});

describe("a reader", () => {
  /** A FIFO that nobody empties until read() is called. */
  function stuckReader() {
    const fifo = `${directory}/fifo`;
    execFileSync("mkfifo", [fifo]);
    const reader = fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const writer = fs.openSync(fifo, "a");
    const read = (): string => {
      const chunk = Buffer.alloc(65536);
      try {
        return chunk.toString("utf8", 0, fs.readSync(reader, chunk));
      } catch {
        return "";
      }
    };
    const close = (): void => {
      fs.closeSync(reader);
      fs.closeSync(writer);
    };
    return { writer, read, close };
  }

  /** All lines up to the one with that text. */
  async function linesUntil(last: string, read: () => string) {
    let text = "";
    await vi.waitFor(
      () => {
        text += read();
        expect(text).toContain(last);
      },
      { timeout: 20_000, interval: 20 },
    );
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  test("that does not read stops nobody, and is told how many lines it missed", async () => {
    const { writer, read, close } = stuckReader();
    const log = createLog(options("json"), writer);
    const started = performance.now();
    for (let i = 0; i < 10_000; i++) log.info("x".repeat(100), { i });
    log.flush();
    expect(performance.now() - started).toBeLessThan(20_000);
    const parsed = await linesUntil("log lines lost", read);
    close();
    const kept = parsed.filter((line) => "i" in line).map((line) => line.i);
    expect(kept).toEqual(kept.map((_, i) => i));
    expect(parsed.at(-1)).toMatchObject({ level: "warn", lost: 10_000 - kept.length });
  });

  test("that is slow gets a long line whole", async () => {
    const { writer, read, close } = stuckReader();
    const log = createLog(options("json"), writer);
    log.error("long", { long: "x".repeat(300_000) });
    log.error("next");
    const parsed = await linesUntil("next", read);
    close();
    expect(parsed.map((line) => line.long?.length)).toEqual([300_000, undefined]);
  });

  test("that is gone stops nobody", () => {
    const { writer, close } = stuckReader();
    const log = createLog(options("json"), writer);
    log.info("one");
    log.flush();
    close();
    log.info("two");
    expect(() => log.flush()).not.toThrow();
  });

  test("behind a socket, which cannot be opened again, gets every line", async () => {
    const child = spawn("cat", { stdio: ["pipe", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    // Node gives a child sockets for pipes; its own end has no public descriptor number.
    const handle = (child.stdin as unknown as { _handle: { fd: number } })._handle;
    expect(fs.fstatSync(handle.fd).isSocket()).toBe(true);
    const log = createLog(options("json"), handle.fd);
    for (let i = 0; i < 100; i++) log.info("line", { i });
    log.flush();
    await vi.waitFor(() => expect(text.trimEnd().split("\n")).toHaveLength(100), { timeout: 5000 });
    child.stdin.end();
  });

  test("behind a socket that does not read stops nobody", async () => {
    const bundle = `${directory}/bundle.cjs`;
    const entry = `${import.meta.dirname}/../daemon/src/log.ts`;
    const contents = `import { createLog } from ${JSON.stringify(entry)};
      const log = createLog({ level: "info", format: "json" });
      for (let i = 0; i < 10_000; i++) log.info("x".repeat(100));
      log.flush();
      setTimeout(() => require("node:fs").writeSync(1, "alive"), 300);`;
    bundleText(contents, bundle);
    const child = spawn(process.execPath, [bundle], { stdio: ["ignore", "pipe", "pipe"] });
    const said = new Promise((resolve) => child.stdout.once("data", (chunk) => resolve(String(chunk))));
    child.stderr.pause();
    expect(await said).toBe("alive");
    child.kill("SIGKILL");
  });
});
