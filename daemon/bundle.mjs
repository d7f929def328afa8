// Writes OUT/sessionmand.cjs, OUT/sessionmand.parts, OUT/sessionctl.cjs and OUT/sessionman.node. Prints nothing but
// errors.

import { copyFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { packParts } from "./parts.mjs";

const [given, addon] = process.argv.slice(2);
if (given === undefined) throw new Error("usage: node daemon/bundle.mjs OUT [ADDON]");

const out = resolve(given);
const here = dirname(fileURLToPath(import.meta.url));

const small = { target: "node20", minifySyntax: true, minifyWhitespace: true, legalComments: "none" };
const common = {
  ...small,
  outdir: out,
  bundle: true,
  platform: "node",
  format: "cjs",
  // a CJS file knows its place by other names
  define: { "import.meta.dirname": "__dirname" },
  alias: { jsbi: join(here, "stubs/jsbi.cjs") },
  logLevel: "error",
};

/** What pino needs for files and threads of its own. */
const PINO_UNUSED = /^(sonic-boom|on-exit-leak-free|worker_threads|\.\/transport|\.\/lib\/transport)$/;
const pinoStubs = {
  name: "pino-stubs",
  setup({ onResolve }) {
    onResolve({ filter: PINO_UNUSED }, () => ({ path: join(here, "stubs/pino.cjs") }));
  },
};

/** Packages that are parts of their own, loaded by the first require(). */
const PACKAGES = {
  // the edition for browsers is the one of which a bundler can leave out what config/yaml.ts does not use
  yaml: {
    platform: "browser",
    contents: 'export { Composer, Lexer, LineCounter, Parser, isAlias, isMap, isSeq } from "yaml";',
  },
  pino: { plugins: [pinoStubs], contents: 'module.exports = require("pino");' },
};

/** Our own code: what every start needs is one part, and what is behind each import() another. */
async function ownParts() {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: { main: join(here, "src/main.ts") },
    format: "esm",
    splitting: true,
    chunkNames: "[name]-[hash]",
    external: Object.keys(PACKAGES),
    write: false,
    metafile: true,
  });
  const shared = new Set(
    Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports.filter(({ kind }) => kind === "import-statement"))
      .map(({ path }) => basename(path)),
  );
  const start = {};
  const later = [];
  for (const { path, text } of outputFiles) {
    const file = basename(path);
    // import() becomes require(), which src/parts.ts gives to the parts
    const options = { ...small, format: "cjs", supported: { "dynamic-import": false } };
    const { code } = await transform(text, options);
    // else all names of node:fs would be copied for each file that imports them as a whole
    const lean = code.replaceAll(/__toESM\((require\("node:\w+"\))\)/g, "$1");
    if (file === "main.js" || shared.has(file)) start[`./${file}`] = lean;
    else later.push({ [`./${file}`]: lean });
  }
  return [start, ...later];
}

async function packagePart([name, { contents, ...options }]) {
  const stdin = { contents, resolveDir: here };
  const { outputFiles } = await build({ ...common, ...options, stdin, write: false });
  return { [name]: outputFiles[0].text };
}

/** By rename: a running daemon has the old file open. */
function replace(name, write) {
  write(join(out, `${name}.tmp`));
  renameSync(join(out, `${name}.tmp`), join(out, name));
}

mkdirSync(out, { recursive: true });
await build({
  ...common,
  entryPoints: { sessionmand: join(here, "src/parts.ts"), sessionctl: join(here, "src/ctl/main.ts") },
  outExtension: { ".js": ".cjs" },
});
const packages = await Promise.all(Object.entries(PACKAGES).map(packagePart));
const parts = packParts([...(await ownParts()), ...packages], join(out, "sessionmand.cjs"));
replace("sessionmand.parts", (file) => writeFileSync(file, parts));
replace("sessionman.node", (file) =>
  copyFileSync(addon ?? join(here, "../build/native/Release/sessionman.node"), file),
);
