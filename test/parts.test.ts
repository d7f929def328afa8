/** The daemon as it is installed: its parts, what V8 compiled of them, and which version of them is loaded. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const DAEMON = `${import.meta.dirname}/../daemon`;
const BUNDLE = `${DAEMON}/bundle.mjs`;
const { nodeFlags } = (await import(`${DAEMON}/parts.mjs`)) as { nodeFlags(): string[] };
const FLAGS = nodeFlags();

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/sessionman-parts-`);
  // any file will do for the addon: it is not loaded here
  execFileSync(process.execPath, [BUNDLE, folder, BUNDLE], { stdio: "inherit" });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a script says that has the loader's exports, started as the keeper starts the daemon. */
function ask(script: string, flags: readonly string[] = FLAGS): unknown {
  // main only complains of this option
  const text = `process.argv = ["node", "sessionmand", "--no-such-option"];
    process.stderr.write = () => {};
    const { index, load, scripts } = require("${folder}/sessionmand.cjs");
    ${script}`;
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, "-e", text], {
    encoding: "utf8",
    env: {},
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

const LOAD_ALL = "for (const name of Object.keys(index.modules)) load(name);";
const REJECTED = `${LOAD_ALL} console.log(JSON.stringify(scripts.map((script) => script.cachedDataRejected)));`;

describe("what V8 compiled at the build", () => {
  test("is taken back under the keeper's flags", () => {
    expect(new Set(ask(REJECTED) as boolean[])).toEqual(new Set([false]));
  });

  test("is left alone under any others, and the parts work", () => {
    const others = FLAGS.filter((flag) => flag !== "--no-opt");
    expect(new Set(ask(REJECTED, others) as boolean[])).toEqual(new Set([true]));
  });

  test("is of a daemon that served a login", () => {
    expect(ask("console.log(JSON.stringify(index.rehearsed))")).toBe(2);
  });

  test("names no place on the machine of the build", () => {
    const script = `let found = [];
      try { load("yaml"); new (load("yaml").Composer)({}).compose(null).next(); } catch (error) { found = error.stack; }
      console.log(JSON.stringify(found));`;
    expect(ask(script)).toContain("(sessionmand/");
  });
});

describe("a part that is loaded late", () => {
  const PARTS = () => `${folder}/sessionmand.parts`;
  const LATE =
    'try { load("yaml"); console.log(1); } catch (error) { console.log(JSON.stringify(error.message)); }';

  test("is of the version that was started, whatever has replaced it", () => {
    const replace = `const fs = require("fs"); fs.linkSync("${PARTS()}", "${PARTS()}.kept");
      fs.writeFileSync("${PARTS()}.new", "of another version"); fs.renameSync("${PARTS()}.new", "${PARTS()}");`;
    const putBack = `fs.renameSync("${PARTS()}.kept", "${PARTS()}");`;
    expect(ask(`load("./main.js"); ${replace} ${LATE} ${putBack}`)).toBe(1);
  });

  test("is refused when the file was written to", () => {
    const overwrite = `const fs = require("fs"); const file = "${PARTS()}"; const old = fs.readFileSync(file);
      fs.writeFileSync(file, old.toString("latin1").replace("yaml", "lmay"), "latin1");`;
    const putBack = "fs.writeFileSync(file, old);";
    expect(ask(`load("./main.js"); ${overwrite} ${LATE} ${putBack}`)).toMatch(/was overwritten while in use/);
  });
});
