/** The reader of simple files against the parser: what it reads is what the parser reads. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPlain } from "../../daemon/src/config/plain.ts";
import type { Node } from "../../daemon/src/config/tree.ts";
import { parseYaml } from "../../daemon/src/config/yaml.ts";

const EMPTY: Node = { shape: "map", place: { file: "f", line: 1, column: 1 }, entries: [] };

/** undefined: something is wrong with it. */
function byParser(text: string): Node | undefined {
  let problems = 0;
  const tree = parseYaml("f", text, () => problems++, EMPTY);
  return problems === 0 ? tree : undefined;
}

const simple = fc.constantFrom(
  ..."none runit /usr/bin/x 10% 10s 0 0644 12 1000000000000000000000 true false infinity a-b a.b no yes y".split(
    " ",
  ),
);
const odd = fc.constantFrom(
  ..."null ~ True NULL .5 1.5 -1 +1 1e5 0x1F 0o7 0b1 .inf -.inf .nan 1_000 2026-11-21 12:30 <<".split(" "),
  ...["'q'", '"q"', "a b", "a #b", "a: b", "a#b", "&a x", "*a", "!x y", "|", ">", "@x", "é", "-", "- x", "?"],
);
const scalar = fc.oneof({ weight: 20, arbitrary: simple }, { weight: 1, arbitrary: odd });
const key = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom(..."user_services limits users alice log level a b c d e f g".split(" ")),
  },
  { weight: 1, arbitrary: fc.constantFrom("null", "true", "1", "y", "<<") },
);
const end = fc.tuple(fc.constantFrom("", "", ","), fc.constantFrom("", " ", "  "));
const inline: fc.Arbitrary<string> = fc.letrec((tie) => ({
  value: fc.oneof(
    { weight: 5, arbitrary: scalar },
    fc
      .tuple(fc.array(tie("value") as fc.Arbitrary<string>, { maxLength: 3 }), end)
      .map(([items, [comma, gap]]) => `[${gap}${items.join(`,${gap}`)}${comma}${gap}]`),
    fc
      .tuple(fc.array(fc.tuple(key, tie("value") as fc.Arbitrary<string>), { maxLength: 3 }), end)
      .map(
        ([items, [comma, gap]]) =>
          `{${gap}${items.map(([k, v]) => `${k}: ${v}`).join(`,${gap}`)}${comma}${gap}}`,
      ),
  ),
})).value as fc.Arbitrary<string>;
const tail = fc.constantFrom("", "", "", "", "", "", "", "", "", " ", " # comment", "#not", "\t");
const line = fc
  .tuple(
    fc.constantFrom("", "", "", "", "", "", "  ", "  ", "  ", "    ", "    ", " ", "\t"),
    fc.oneof(
      { weight: 4, arbitrary: fc.tuple(key, inline).map(([k, v]) => `${k}: ${v}`) },
      { weight: 3, arbitrary: key.map((k) => `${k}:`) },
      { weight: 2, arbitrary: inline.map((v) => `- ${v}`) },
      fc.constantFrom("", "# comment", "---", "...", "%YAML 1.2", "-", "word", "key:word", "- a: b"),
    ),
    tail,
  )
  .map((parts) => parts.join(""));
const anything = fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n"));

/** Maps in maps, indented as people do. */
interface Tree {
  readonly [key: string]: Tree | string | readonly string[];
}
const tree: fc.Arbitrary<Tree> = fc.letrec((tie) => ({
  tree: fc.dictionary(
    fc.constantFrom("log", "level", "users", "alice", "limits", "memory_max", "a.b", "x-y"),
    fc.oneof(
      fc.constantFrom(
        "none",
        "runit",
        "10%",
        "true",
        "false",
        "12",
        "/a/b",
        "{}",
        "[]",
        "[a, b]",
        "{a: 1, b: {c: d}}",
      ),
      fc.array(fc.constantFrom("sshd", "gdm-password", "12"), { minLength: 1, maxLength: 3 }),
      tie("tree") as fc.Arbitrary<Tree>,
    ),
    { minKeys: 1, maxKeys: 4 },
  ),
})).tree as fc.Arbitrary<Tree>;

function written(of: Tree, indent: string, lines: string[]): string[] {
  for (const [name, value] of Object.entries(of)) {
    if (typeof value === "string") lines.push(`${indent}${name}: ${value}`);
    else lines.push(`${indent}${name}:`, "", `${indent}# said of it`);
    if (Array.isArray(value)) lines.push(...value.map((item) => `${indent}  - ${item}`));
    else if (typeof value !== "string") written(value as Tree, `${indent}  `, lines);
  }
  return lines;
}

describe("a simple file", () => {
  test("is read, and as the parser reads it", () => {
    fc.assert(
      fc.property(tree, (of) => {
        const text = `${written(of, "", []).join("\n")}\n`;
        const read = readPlain("f", text);
        expect(read).not.toBeNull();
        expect(read).toEqual(byParser(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("is the sample, with all of its comments taken away", () => {
    const sample = readFileSync(`${import.meta.dirname}/../../conf/sessionman.yaml`, "utf8");
    // "#  key" is a setting, "# Words" an explanation
    const text = sample.replaceAll(/^#(?! \S)/gm, "");
    const read = readPlain("f", text);
    expect(read?.shape === "map" && read.entries.length).toBeGreaterThan(10);
    expect(read).toEqual(byParser(text));
  });
});

test("what is read of any file is what the parser reads", () => {
  let read = 0;
  fc.assert(
    fc.property(anything, (text) => {
      const plain = readPlain("f", text);
      if (plain === null) return;
      read++;
      expect(plain).toEqual(byParser(text));
    }),
    { numRuns: 20_000 },
  );
  expect(read).toBeGreaterThan(1000);
});
