// Writes OUT/sessionmand.cjs, OUT/sessionctl.cjs and OUT/sessionman.node. Prints nothing but errors.

import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error("usage: node daemon/bundle.mjs OUT [ADDON]");

const here = dirname(fileURLToPath(import.meta.url));
const addon = process.argv[3] ?? join(here, "../build/native/Release/sessionman.node");

const entries = [
  ["sessionmand", join(here, "src/main.ts")],
  ["sessionctl", join(here, "src/ctl/main.ts")],
];

mkdirSync(out, { recursive: true });
await build({
  entryPoints: Object.fromEntries(entries),
  outdir: out,
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  // a CJS file knows its place by other names
  define: { "import.meta.dirname": "__dirname" },
  alias: { jsbi: join(here, "stubs/jsbi.cjs") },
  logLevel: "error",
});
// by rename: a running daemon has the old file mapped
copyFileSync(addon, join(out, "sessionman.node.tmp"));
renameSync(join(out, "sessionman.node.tmp"), join(out, "sessionman.node"));
