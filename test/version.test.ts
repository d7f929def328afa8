/** One version, wherever it is written. */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { VERSION } from "../daemon/src/version.ts";

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

it("is the same in package.json, meson.build", () => {
  expect(JSON.parse(read("package.json")).version).toBe(VERSION);
  expect(read("meson.build")).toContain(`version: '${VERSION}'`);
});
