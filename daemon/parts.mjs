// The form of sessionmand.parts, which src/parts.ts reads, and what V8 makes of the parts beforehand.

import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const INDEX_BYTES = 4096;

/** An expression whose value is an object of the part's modules, as functions. */
function textOf(modules) {
  const members = Object.entries(modules).map(([name, code]) => {
    if (/[^\0-\x7f]/.test(code)) throw new Error(`${name} is not ASCII`);
    // the parentheses tell V8 that the function will be called
    return `${JSON.stringify(name)}:(function(exports,require,module,__filename,__dirname){${code}\n})`;
  });
  return `({${members.join(",")}})`;
}

function pack(parts, caches, answered) {
  const pieces = [];
  let end = INDEX_BYTES;
  const place = (bytes) => {
    pieces.push(bytes);
    end += bytes.length;
    return [end - bytes.length, bytes.length];
  };
  const index = {
    rehearsed: answered,
    parts: parts.map((modules, i) => ({
      text: place(Buffer.from(textOf(modules))),
      cache: caches[i] ? place(caches[i]) : null,
    })),
    modules: Object.fromEntries(parts.flatMap((modules, i) => Object.keys(modules).map((name) => [name, i]))),
  };
  const head = JSON.stringify(index);
  if (head.length >= INDEX_BYTES) throw new Error(`the index of parts has ${head.length} bytes`);
  return Buffer.concat([Buffer.from(`${head.padEnd(INDEX_BYTES - 1)}\n`), ...pieces]);
}

/** The keeper's flags for Node, without those that this Node does not know. */
export function nodeFlags() {
  const text = readFileSync(join(here, "keeper/node-flags.h"), "latin1");
  const flags = [...text.matchAll(/^\t"(--.+)",$/gm)].map((match) => match[1]);
  return flags.filter((flag) => spawnSync(process.execPath, [flag, "-e", "0"]).status === 0);
}

/** The file's bytes. Each part is an object of modules, from names to code; loader is what will load them. */
export function packParts(parts, loader) {
  const folder = mkdtempSync(join(dirname(loader), "rehearsal-"));
  try {
    copyFileSync(loader, join(folder, "sessionmand.cjs"));
    writeFileSync(join(folder, "sessionmand.parts"), pack(parts, [], 0));
    const words = [...nodeFlags(), join(here, "rehearsal.cjs"), folder];
    execFileSync(process.execPath, words, { env: {}, stdio: "ignore" });
    const caches = parts.map((_, i) => readFileSync(join(folder, `${i}.cache`)));
    return pack(parts, caches, Number(readFileSync(join(folder, "answered"), "latin1")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
