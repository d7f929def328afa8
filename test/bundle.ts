/** Bundles a small program of a test with what it imports, in the form in which the daemon is shipped. */

import { buildSync } from "esbuild";

/** The text imports by absolute names. */
export function bundleText(contents: string, outfile: string): void {
  buildSync({
    stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile,
    logLevel: "error",
  });
}
