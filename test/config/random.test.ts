import fc from "fast-check";
import { expect, test } from "vitest";
import { parseConfiguration } from "../../daemon/src/config/parse.ts";
import { defaultSettings, toSettings } from "../../daemon/src/config/settings.ts";
import { formatProblem } from "../../daemon/src/config/tree.ts";
import { machine } from "./facts.ts";

const facts = machine(2 ** 33);

const word = fc.constantFrom(
  ..."kill_user_processes kill_only_users limits default groups users alice memory_max pids_max log level user_services backend linger classes".split(
    " ",
  ),
  ..."runtime_directory size inodes auto true false null ~ 10s 50% 512M infinity 1000 .inf 0x1F __proto__ <<".split(
    " ",
  ),
);
const punctuation = fc.constantFrom(
  ...": |:\n|\n|\n  |\n    |- |? |[|]|{|}|, |'|\"|#| #|&a |*a|!!str |!x |\t|---\n|...\n|%YAML 1.1\n|>\n|@|\\|\0|\ud800|\u0085|é".split(
    "|",
  ),
  "|\n",
);
const yamlLike = fc.array(fc.oneof(word, punctuation), { maxLength: 60 }).map((parts) => parts.join(""));
const text = fc.oneof(yamlLike, fc.string({ unit: "binary", maxLength: 200 }));

test("no text throws, and every problem is one printable line with its place", () => {
  fc.assert(
    fc.property(text, fc.option(text, { nil: "" }), (first, second) => {
      const parsed = parseConfiguration([
        { file: "a", text: first },
        { file: "b", text: second },
      ]);
      if (parsed.ok) {
        expect(Object.keys(toSettings(parsed.values, facts))).toEqual(Object.keys(defaultSettings(facts)));
        return;
      }
      expect(parsed.problems.length).toBeGreaterThan(0);
      for (const problem of parsed.problems) {
        expect(formatProblem(problem)).toMatch(/^[ab](:[1-9]\d*:[1-9]\d*)?: [^\p{C}]+$/u);
      }
    }),
    { numRuns: 20_000 },
  );
});
